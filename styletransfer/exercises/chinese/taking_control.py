"""The hints of the tasks of chapter 4, in Chinese."""

TEXTS = {
    # keep_luminance
    'luminance and chroma are right, but some of these colours are none: keep Y between -min m '
    'and 1 - max m of the pixel': (
        '亮度和色度都对，但其中有些颜色并不存在：要让 Y 保持在该像素的 -min m 和 1 - max m 之间'
    ),
    'this clips red, green and blue one by one, which changes the hue: clip the luminance '
    'instead, before you add the chroma': (
        '这是对红、绿、蓝逐个截断，会改变色相：应当在加上色度之前截断亮度'
    ),
    'the roles are exchanged: the luminance is that of the result, the chroma that of the '
    'content picture': '角色对调了：亮度取自结果，色度取自内容图像',
    'this takes the mean of red, green and blue for the luminance: the eye sees green as '
    'lighter than blue, so take 0.299, 0.587 and 0.114': (
        '这里把红、绿、蓝的平均值当作亮度：在眼睛看来，绿比蓝亮，所以用 0.299、0.587 和 0.114'
    ),
    'the weights of red and blue are exchanged: pictures here are in the order R, G, B': (
        '红和蓝的权重对调了：这里的图像按 R、G、B 的顺序'
    ),
    'nothing is below 0 any more, but some of it is above 1: Y has an upper bound too, 1 - max '
    'm': '没有小于 0 的了，但还有大于 1 的：Y 也有上限，即 1 - max m',
    'nothing is above 1 any more, but some of it is below 0: Y has a lower bound too, -min m': (
        '没有大于 1 的了，但还有小于 0 的：Y 也有下限，即 -min m'
    ),
    'one pair of bounds for the whole picture: each pixel has its own, so take min and '
    'max over the channels only': (
        '整幅图像只用了一对界限：每个像素有自己的界限，所以只对通道取 min 和 max'
    ),
    'this is grey: add the chroma of the content picture': '这是灰色的：要加上内容图像的色度',
    'this multiplies the colours, so a lighter pixel gets more chroma: add to red, green and '
    'blue the same amount': (
        '这里用乘法改变颜色，较亮的像素色度会变大：应当给红、绿、蓝加上同一个数'
    ),
    'of the result only the luminance is wanted: its own colours are still in there': (
        '从结果中只取亮度：现在它自己的颜色还在里面'
    ),
    # match_colors
    'right, but for the clipping: leave it to the caller, who shows the picture': (
        '对了，只差一点：不要截断，这一步留给显示图像的调用者'
    ),
    'the mean is right, the spread is still that of the style picture: multiply by A': (
        '均值对了，但颜色的分布宽度还是风格图像的：要乘以 A'
    ),
    'this matches red, green and blue one by one: their covariances count as well, so take the '
    'root of the whole matrix': (
        '这是对红、绿、蓝逐个匹配：它们之间的协方差也要算，所以要取整个矩阵的根'
    ),
    'np.sqrt takes the root of every entry: a root R of a matrix has R R^T = S, such as '
    'np.linalg.cholesky gives': (
        'np.sqrt 是对每个元素开平方：矩阵的根 R 满足 R R^T = S，例如 np.linalg.cholesky 的结果'
    ),
    'this takes the covariances themselves: A is made of their roots': (
        '这里用的是协方差本身：A 由它们的根构成'
    ),
    'A is turned round: with one pixel in each row it is x @ A.T': (
        'A 转置了：每行一个像素时，应当是 x @ A.T'
    ),
    'the factors of A are exchanged: what is done first, undoing the style picture, stands on '
    'the right': 'A 的两个因子颠倒了：先做的事，即消去风格图像的分布，写在右边',
    'the factors of A are exchanged, and A is turned round': 'A 的两个因子颠倒了，而且 A 转置了',
    'the factors of A are exchanged, or A is turned round: what is done first, undoing the '
    'style picture, stands on the right, and with one pixel in each row it is x @ A.T': (
        'A 的两个因子颠倒了，或者 A 转置了：先做的事，即消去风格图像的分布，写在右边；'
        '每行一个像素时，应当是 x @ A.T'
    ),
    "the inverse is of the wrong root: divide by the style picture's, which is to go": (
        '求逆的根弄错了：要消去的是风格图像的，所以对它的根求逆'
    ),
    "subtract the style picture's mean before you multiply by A": (
        '乘以 A 之前要先减去风格图像的均值'
    ),
    "add the content picture's mean in the end": '最后要加上内容图像的均值',
    'this recolours the content picture: the style picture is to be recoloured': (
        '这是在给内容图像换颜色：要换颜色的是风格图像'
    ),
    'the style picture still has its own colours': '风格图像还是它自己的颜色',
    "the mean colour is not the content picture's: red, green or blue is {off} off": (
        '颜色的均值与内容图像的不同：红、绿或蓝相差 {off}'
    ),
    "the mean is right, the covariance is not: A S A^T should be the content picture's, and an "
    'entry of it is {percent} % of a variance off': (
        '均值对了，协方差不对：A S A^T 应当等于内容图像的协方差，'
        '其中一个元素相差方差的 {percent} %'
    ),
    'mean and covariance are right, but pixels of one colour no longer get one colour: the '
    'same A and b are for all pixels of the style picture': (
        '均值和协方差都对，但同色的像素不再得到同一种颜色：风格图像的所有像素要用同样的 A 和 b'
    ),
    # soft_mask
    'one pooling too many: the one that ends a block comes behind its convolutions': (
        '多了一次汇聚：块末尾的汇聚层在该块的卷积层之后'
    ),
    'the number of the block is the one in front of the underscore': (
        '块的编号是下划线前面的那个数字'
    ),
    'this is one pooling for every layer: a layer of block 4 is behind three': (
        '这里对每一层都只汇聚了一次：块 4 中的层前面有三个汇聚层'
    ),
    'the mask still has the size of the picture': '掩码还是图像的尺寸',
    'this looks at one number of four at each pooling, and the border stays hard: take their '
    'mean': '这里每次汇聚只看四个数中的一个，边界仍然是硬的：应当取四个数的平均值',
    'the mean of the four numbers, not their maximum: with that the region grows at each '
    'pooling': '应当取四个数的平均值，而不是最大值：取最大值时，区域每次汇聚都会变大',
    'right, but rounded: a place that sees both sides of the border should count in part': (
        '对了，但舍入成了 0 和 1：看得到边界两侧的位置应当只算一部分'
    ),
    'resizing in one go looks at a few pixels near each place only: take the mean of two by '
    'two again and again, as the network does': (
        '一次缩放到位，只看得到每个位置附近的几个像素：应当像网络那样，'
        '一次又一次地取 2 乘 2 的平均值'
    ),
    # guided_grams
    'this is the plain Gram matrix: the mask is not used': '这是普通的格拉姆矩阵：没有用到掩码',
    'right but for the scale: a small region gets a small matrix. Divide T by the root of its '
    'mean square first': '只差缩放：小区域得到的矩阵太小。先把 T 除以它平方平均值的平方根',
    'this divides T by its mean: of a soft mask that is not the root of its mean square': (
        '这里把 T 除以它的平均值：对软掩码来说，平均值不等于平方平均值的平方根'
    ),
    'this divides by the root of the mean of T: of a soft mask that is less than T counts for, '
    'as T stands in the product twice; take the mean of T * T': (
        '这里除以的是 T 的平均值的平方根：T 在乘积中出现两次，所以对软掩码不成立；'
        '应当取 T * T 的平均值'
    ),
    'this divides T by its mean square: take the root of that': (
        '这里把 T 除以它的平方平均值：还要再开平方'
    ),
    'this divides by the root of the sum of squares, so larger pictures get a smaller matrix: '
    'take their mean': (
        '这里除以的是平方和的平方根，较大的图像会得到较小的矩阵：应当取平方的平均值'
    ),
    'this divides by the sum of T: take the root of the mean of its squares': (
        '这里除以的是 T 的和：应当取平方平均值的平方根'
    ),
    'this multiplies by T once in all, but both factors of the product are masked: X * T, then '
    'the Gram matrix': (
        '这里总共只乘了一次 T，但乘积的两个因子都要乘掩码：先算 X * T，再求格拉姆矩阵'
    ),
    'the mask is on one side of the product only, and it is not scaled: gram of X * T, with T '
    'divided by the root of its mean square': (
        '掩码只乘在乘积的一侧，而且没有缩放：应当对 X * T 求 gram，'
        '其中 T 先除以它平方平均值的平方根'
    ),
    'this takes a soft mask for a hard one: what is half inside should count in part': (
        '这里把软掩码当成了硬掩码：一半在里面的位置应当只算一部分'
    ),
    'the number of channels belongs to what G is divided by: c * h * w': (
        'G 的除数里也有通道数：c * h * w'
    ),
    'each mask is divided by the root of its own mean square, not of that of all masks': (
        '每个掩码除以它自己的均方根，而不是所有掩码的均方根'
    ),
    'this is the matrix of the first region only: the result is (k, c, c)': (
        '这只是第一个区域的矩阵：结果应当是 (k, c, c)'
    ),
    'this adds up the regions: each has a matrix of its own, (k, c, c)': (
        '这里把各个区域加在一起了：每个区域各有一个矩阵，(k, c, c)'
    ),
    # mix_grams
    'this is the weighted sum: divide by the sum of the weights, which need not be 1': (
        '这是加权和：还要除以权重之和，它不一定是 1'
    ),
    'this is the plain mean: the weights are not used': '这是普通的平均：没有用到权重',
    'this divides by the number of paintings: divide by the sum of the weights': (
        '这里除以的是画的幅数：应当除以权重之和'
    ),
    'this divides by the largest weight: divide by the sum of the weights': (
        '这里除以的是最大的权重：应当除以权重之和'
    ),
    'a softmax changes what the weights mean: 2 and 1 should be two parts and one part': (
        'softmax 会改变权重的意义：2 和 1 应当是两份和一份'
    ),
    'the weights are used twice': '权重用了两次',
    'the weights are in the wrong order: the first is that of the first painting': (
        '权重的顺序不对：第一个是第一幅画的'
    ),
    'these are the matrices of the first painting alone': '这只是第一幅画的各个矩阵',
    'these are still the matrices of each painting, weighted: add them up, layer by layer': (
        '这还是每幅画各自加权后的矩阵：要逐层加起来'
    ),
    'this is the first layer only: return a list of all layers': (
        '这只是第一层的：应当返回所有层的列表'
    ),
}
