"""The hints of the tasks of chapter 3, in Chinese."""

TEXTS = {
    # pool_average
    'this is max pooling: take the mean of the four': '这是最大汇聚：应当取四个数的平均值',
    'this is the sum of the four: their mean': '这是四个数的和：应当取平均值',
    'this keeps one number of four: take the mean of all of them': (
        '这里四个数只留下一个：应当取四个数的平均值'
    ),
    'the blocks overlap: each begins two rows or columns behind the one before': (
        '小块重叠了：每一块应当比前一块移动两行或两列'
    ),
    'of an odd number of rows or columns the last has no partner: it is left out': (
        '行数或列数是奇数时，最后一行或一列没有配对：应当略去'
    ),
    'this fills odd sizes up with zeros: the last row or column is left out': (
        '这里用零补齐了奇数尺寸：应当略去最后一行或一列'
    ),
    'where the size is odd, leave out the last row or column, not the first': (
        '尺寸是奇数时，应当略去最后一行或一列，而不是第一行或第一列'
    ),
    'reshape takes four numbers that lie in a row in memory: a block has two of one row and '
    'two of the next, so cut rows and columns apart, (n, c, h // 2, 2, w // 2, 2)': (
        'reshape 取的是内存中连续的四个数：而一个小块有两个数在这一行，两个在下一行，'
        '所以要把行和列分别切开，即 (n, c, h // 2, 2, w // 2, 2)'
    ),
    'this averages numbers that are half a picture apart: the axis of length 2 belongs behind '
    'the rows, and behind the columns, (n, c, h // 2, 2, w // 2, 2)': (
        '这里平均的是相距半幅图像的数：长度为 2 的轴应当跟在行之后、列之后，'
        '即 (n, c, h // 2, 2, w // 2, 2)'
    ),
    'this averages two rows each: the columns are pooled as well': (
        '这里只对相邻两行取了平均：列也要汇聚'
    ),
    'this averages two columns each: the rows are pooled as well': (
        '这里只对相邻两列取了平均：行也要汇聚'
    ),
    # paper_style_loss
    "this is the book's loss, a mean of scaled matrices: the paper sums, and divides in the "
    'loss': '这是书中的损失，是缩放后矩阵的平均值：论文取的是和，除法放在损失里',
    'this is a mean over the entries of G: the paper takes their sum': (
        '这是对 G 的元素取平均：论文取的是和'
    ),
    'this is the sum over the pictures: each of them has a loss of its own, (n,)': (
        '这是对各幅图像求和：每幅图像各有自己的损失，(n,)'
    ),
    'this is the mean over the pictures: each of them has a loss of its own, (n,)': (
        '这是对各幅图像取平均：每幅图像各有自己的损失，(n,)'
    ),
    'this is the first picture only: each of them has a loss of its own, (n,)': (
        '这只是第一幅图像：每幅图像各有自己的损失，(n,)'
    ),
    'your Gram matrices are divided by c * h * w already: here G is the bare product, and the '
    'loss divides': '你的格拉姆矩阵已经除以 c * h * w：这里 G 就是乘积本身，除法放在损失里',
    'four times too much: the 4 is missing': '结果是应有的四倍：分母中缺少 4',
    'the 4 is not squared: 4 N^2 M^2': '4 不用取平方：应当是 4 N^2 M^2',
    'N and M are squared: 4 N^2 M^2': 'N 和 M 都要取平方：应当是 4 N^2 M^2',
    'M is squared too: 4 N^2 M^2': 'M 也要取平方：应当是 4 N^2 M^2',
    'N is squared too: 4 N^2 M^2': 'N 也要取平方：应当是 4 N^2 M^2',
    'the sum is right, but not divided by 4 N^2 M^2': '和是对的，但没有除以 4 N^2 M^2',
    'the differences are squared, not taken as absolute values': '差要取平方，而不是绝对值',
    'this compares the outputs themselves: the style loss compares their Gram matrices': (
        '这是在比较输出本身：风格损失比较的是它们的格拉姆矩阵'
    ),
    # book_factors
    "the other way round: the paper's loss times the factor is the book's": (
        '反了：论文的损失乘以这个倍数，等于书中的损失'
    ),
    'both are right, but in the wrong order: content first, then style': (
        '两个都对，但顺序反了：内容在前，风格在后'
    ),
    'the style is right; of the content loss the paper takes half the sum': (
        '风格的倍数对了；内容损失在论文中是和的一半'
    ),
    'the style is right; the mean of the content loss is over the channels too': (
        '风格的倍数对了；内容损失的平均值也遍及各通道'
    ),
    'the style is right; for the content, a sum is the mean times how many numbers there are': (
        '风格的倍数对了；至于内容，和等于平均值乘以数的个数'
    ),
    'the content is right; the paper divides the style loss by 4 as well': (
        '内容的倍数对了；论文的风格损失还要除以 4'
    ),
    'the content is right; a Gram matrix has c * c entries, which the mean is over': (
        '内容的倍数对了；格拉姆矩阵有 c * c 个元素，平均值是对它们取的'
    ),
    'the content is right; for the style, a sum over a Gram matrix is the mean times how many '
    'entries it has': '内容的倍数对了；至于风格，对格拉姆矩阵求和等于平均值乘以元素的个数',
    "the content is right; for the style, the book's Gram matrix is divided by c * h * w "
    'already': '内容的倍数对了；至于风格，书中的格拉姆矩阵已经除以 c * h * w',
    'the content is right; for the style, the paper divides by N^2 M^2 too: most of it cancels': (
        '内容的倍数对了；至于风格，论文还要除以 N^2 M^2：大部分会消掉'
    ),
    # normalise_filters
    'the filters are right, but the next convolution hears them louder or softer than before: '
    'undo it in W_next': '滤波器对了，但下一个卷积听到的声音比以前大或小了：要在 W_next 中抵消',
    'W_next is scaled the wrong way: what was divided in front is multiplied there': (
        'W_next 缩放的方向反了：前面除以多少，这里就乘以多少'
    ),
    'W_next is scaled along its outputs: what it listens to is its second axis': (
        'W_next 是沿输出缩放的：它所听的是第二个轴'
    ),
    'W is scaled along its inputs: its filters are the first axis': (
        'W 是沿输入缩放的：它的滤波器是第一个轴'
    ),
    'the bias belongs to the output too: divide it by the same mean': (
        '偏置也是输出的一部分：它要除以同一个均值'
    ),
    'this is the mean before the ReLU, where what is below 0 counts against the rest: npx.relu '
    'first, then the mean': (
        '这是 ReLU 之前的均值，小于 0 的数会抵消其他的数：先用 npx.relu，再取均值'
    ),
    'the other way round: a filter whose mean is 2 is divided by 2': (
        '反了：均值为 2 的滤波器要除以 2'
    ),
    'this is one mean for the whole layer: each filter has its own': (
        '这是整层共用的一个均值：每个滤波器有自己的均值'
    ),
    'this is the mean over the first picture: take all of them': (
        '这只是第一幅图像上的均值：应当用所有图像'
    ),
    'this is the mean of where the filter fires: the zeros count too': (
        '这只是有激活的位置上的均值：零也要算'
    ),
    'this makes the largest activation 1: the mean is asked for': (
        '这是让最大的激活等于 1：要的是平均激活'
    ),
    'this makes the standard deviation 1: the mean is asked for': (
        '这是让标准差等于 1：要的是平均激活'
    ),
    # descent_direction
    'this leads uphill: the direction is -H g': ('这是在上坡：方向应当是 -H g'),
    'a pair along which the gradient fell, s.y below 0, says that the valley is a '
    'ridge: leave such pairs out': (
        '如果在某一对的路上梯度变小，即 s.y 小于 0，那里就是山脊而不是山谷：这样的对要略去'
    ),
    'the newest pair is the first of the list here, not the last': (
        '这里列表的第一个是最新的一对，最后一个是最旧的'
    ),
    'the newest pair is the first of the list here, and a pair with s.y below 0 is left out': (
        '这里列表的第一个是最新的一对，并且 s.y 小于 0 的对要略去'
    ),
    'this is the plain gradient, turned round: what was remembered is not used': (
        '这只是梯度的反方向：没有用到记住的东西'
    ),
    'the scaling between the loops is missing: multiply r by s.y / y.y of the newest pair': (
        '缺少两个循环之间的缩放：r 要乘以最新一对的 s.y / y.y'
    ),
    'the scaling is upside down: s.y over y.y': '缩放颠倒了：应当是 s.y 除以 y.y',
    'this scales by s.s / s.y: take s.y / y.y': '这里用 s.s / s.y 缩放：应当用 s.y / y.y',
    'the scaling is that of the newest pair, not of the oldest': (
        '缩放应当用最新的一对，而不是最旧的'
    ),
    "the loops run in each other's order: the first from the newest pair back to the oldest, "
    'the second from the oldest on': (
        '两个循环的次序对调了：第一个应当由最新的一对回到最旧的一对，第二个由最旧的一对开始'
    ),
    'the second loop runs the other way, from the oldest pair to the newest': (
        '第二个循环的方向反了：应当由最旧的一对到最新的一对'
    ),
    'the first loop runs the other way, from the newest pair back to the oldest': (
        '第一个循环的方向反了：应当由最新的一对回到最旧的一对'
    ),
    'the first loop computes the alphas from the newest pair to the oldest, the second needs '
    'them the other way round: pair each with the step it belongs to': (
        '第一个循环由最新的一对到最旧的一对算出各个 alpha，第二个循环要按相反的次序使用：'
        '每个 alpha 要配上它所属的那一步'
    ),
    'the first loop subtracts alpha times y, not times s': (
        '第一个循环应当减去 alpha 乘以 y，而不是乘以 s'
    ),
    'the second loop adds a multiple of s, not of y': '第二个循环应当加上 s 的倍数，而不是 y 的',
    'alpha needs s.r, not y.r': 'alpha 需要 s.r，而不是 y.r',
    'beta needs y.r, not s.r': 'beta 需要 y.r，而不是 s.r',
    'the second loop adds (alpha - beta) s, not alpha s': (
        '第二个循环应当加上 (alpha - beta) s，而不是 alpha s'
    ),
    'this uses the newest pair only: loop over all that are remembered': (
        '这里只用了最新的一对：应当遍历所有记住的'
    ),
}
