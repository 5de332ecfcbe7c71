"""The hints of the tasks of chapter 1, in Chinese."""

TEXTS = {
    # standardise
    'the values are 0 to 255, but mean and std are for 0 to 1: divide by 255 first': (
        '数值是 0 到 255，而均值和标准差对应 0 到 1：先除以 255'
    ),
    'the numbers are right; now the axes: the network wants the channels behind the '
    'batch axis, (n, 3, h, w)': (
        '数值对了，现在轮到轴：网络要求通道紧跟在批量轴之后，(n, 3, h, w)'
    ),
    'this is the first picture only: the network reads the whole batch, (n, 3, h, w)': (
        '这只是第一幅图像：网络读的是整个批量，(n, 3, h, w)'
    ),
    'the channels come first here, before the pictures: (n, 3, h, w)': (
        '这里通道排在图像之前了：应当是 (n, 3, h, w)'
    ),
    'the shape is right, but reshape only cuts the numbers anew, in the order they lie in '
    'memory: move the axes with transpose': (
        '形状对了，但 reshape 只是把数按内存中的顺序重新切分：请用 transpose 移动轴'
    ),
    'rows and columns are swapped: (n, h, w, 3) becomes (n, 3, h, w), so transpose(0, 3, 1, 2)': (
        '行和列弄反了：(n, h, w, 3) 变成 (n, 3, h, w)，所以是 transpose(0, 3, 1, 2)'
    ),
    'the mean is subtracted, but not divided by the standard deviation': (
        '减去了均值，但没有除以标准差'
    ),
    'the axes are right, but the pictures are not standardised: subtract rgb_mean, '
    'divide by rgb_std': ('轴对了，但图像没有标准化：减去 rgb_mean，再除以 rgb_std'),
    'subtract the mean first, then divide by the standard deviation': '先减去均值，再除以标准差',
    'red and blue are exchanged: pictures and rgb_mean here are both in the order R, G, B': (
        '红和蓝颠倒了：这里的图像和 rgb_mean 都按 R、G、B 的顺序'
    ),
    # undo
    'right, but for the clipping: training can leave values below 0 and above 1, which no '
    'screen can show': '对了，只差截断：训练会留下小于 0 和大于 1 的值，屏幕显示不了',
    'undo the steps in reverse order: the division came last, so multiply first and add the '
    'mean then': '还原要按相反的顺序：除法是最后做的，所以先乘，再加均值',
    'the result should lie in 0 to 1, not in 0 to 255': '结果应当在 0 到 1 之间，而不是 0 到 255',
    'clip to 0 and 1: the picture is not in 0 to 255 here': (
        '截断到 0 和 1：这里的图像不是 0 到 255'
    ),
    'the shape is right, but reshape scatters the channels over the picture: move the axes '
    'with transpose': '形状对了，但 reshape 把各通道打散到了整幅图像里：请用 transpose 移动轴',
    'rows and columns are swapped: (n, 3, h, w) becomes (n, h, w, 3), so transpose(0, 2, 3, 1)': (
        '行和列弄反了：(n, 3, h, w) 变成 (n, h, w, 3)，所以是 transpose(0, 2, 3, 1)'
    ),
    'the colours are right; pictures for the screen have the channels last, (n, h, w, 3)': (
        '颜色对了；给屏幕看的图像通道在最后，(n, h, w, 3)'
    ),
    'this is the first picture only: return all of the batch, (n, h, w, 3)': (
        '这只是第一幅图像：请返回整个批量，(n, h, w, 3)'
    ),
    'this standardises once more: undoing is X * rgb_std + rgb_mean': (
        '这是又标准化了一次：还原是 X * rgb_std + rgb_mean'
    ),
    # channel_rows
    'the trap: reshape cuts the numbers in the order they lie in memory, where all channels of '
    'picture 0 come before picture 1, so your rows mix channels. Bring the channel axis to the '
    'front first': (
        '掉进陷阱了：reshape 按数在内存中的顺序切分，第 0 幅图像的所有通道都排在第 1 幅图像之前，'
        '所以你的各行混杂了不同通道。先把通道轴移到最前面'
    ),
    'this has one column per channel: transpose it': '现在是每个通道一列：请转置',
    'this looks at the first picture only; every row should hold its channel of all pictures': (
        '这里只看了第一幅图像；每一行应当包含所有图像的这个通道'
    ),
    'this has one row per picture; one row per channel is asked for': (
        '现在是每幅图像一行；要的是每个通道一行'
    ),
    'this still has three axes: one matrix for the whole batch is asked for': (
        '这里还有三个轴：要的是整个批量共用的一个矩阵'
    ),
    'each row holds the right numbers in another order: picture 0 comes first in each row, '
    'then picture 1, so put the axes in the order channel, picture, row, column': (
        '每一行里的数是对的，只是顺序不对：每一行里先放第 0 幅图像，再放第 1 幅，'
        '所以轴的顺序是通道、图像、行、列'
    ),
    # layer_number
    'one too many: layers are counted from 0': '多了一：层从 0 开始编号',
    'the pooling at the end of each block is a layer too: count it': (
        '每个块末尾的汇聚层也是一层：要算进去'
    ),
    'this counts the convolutions only: each is followed by a ReLU, which is a layer of its '
    'own, and each block ends with a pooling': (
        '这里只数了卷积层：每个卷积层后面的 ReLU 单独算一层，每个块还以一个汇聚层结束'
    ),
    'each convolution is followed by a ReLU, which is a layer of its own': (
        '每个卷积层后面都有一个 ReLU，它单独算一层'
    ),
    'this is right for VGG-19 only: count with the convs_per_block that is given': (
        '这只对 VGG-19 成立：请按给定的 convs_per_block 来数'
    ),
    # gram
    'your reshape mixes pictures and channels of the batch: keep the batch axis, (n, c, h * '
    'w), and multiply the matrices of each picture by itself': (
        '你的 reshape 把批量中的图像和通道混在了一起：保留批量轴，用 (n, c, h * w)，'
        '让每幅图像的矩阵与它自己的转置相乘'
    ),
    'this is one matrix for the whole batch: each picture has a style of its own, so the '
    'result is (n, c, c)': '这是整个批量的一个矩阵：每幅图像都有自己的风格，所以结果是 (n, c, c)',
    'this is the matrix of the first picture only: the result is (n, c, c)': (
        '这只是第一幅图像的矩阵：结果应当是 (n, c, c)'
    ),
    'the product is right, but not divided by c * h * w: larger pictures would count more': (
        '乘积对了，但没有除以 c * h * w：这样较大的图像分量会更重'
    ),
    'divided by the number of elements of G, c * c, instead of those of one picture of X: c * '
    'h * w': '除以的是 G 的元素个数 c * c；应当除以 X 中一幅图像的元素个数 c * h * w',
    'divided by the size of the whole batch: leave n out, c * h * w': (
        '除以的是整个批量的大小：去掉 n，用 c * h * w'
    ),
    'divided by h * w only: the number of channels belongs there too': (
        '只除以了 h * w：通道数也要除'
    ),
    'this compares each two pixels, (h * w, h * w): compare each two channels, X times its '
    'transpose and not the other way round': (
        '这是在两两比较像素，得到 (h * w, h * w)：应当两两比较通道，即 X 乘以它的转置，'
        '而不是反过来'
    ),
    "this is the covariance: the Gram matrix does not subtract the channels' means": (
        '这是协方差：格拉姆矩阵不减去各通道的均值'
    ),
    # shuffle_pixels
    'the shape must stay as it was, {shape}, but it is {got}': (
        '形状应当保持 {shape}，现在是 {got}'
    ),
    'it returns the same order every time: shuffle at random': (
        '每次返回的次序都一样：应当随机打乱'
    ),
    'nothing has moved: every pixel is where it was': '什么也没有移动：每个像素都在原处',
    'these are not the same numbers any more: move pixels, do not change them': (
        '这些已经不是原来的数：只移动像素，不要改变它们'
    ),
    'each channel was shuffled in its own order, so the channels do not fire together any '
    'more, and G changes: use one order for all of them': (
        '各通道按各自的次序打乱了，于是通道不再一同激活，G 也就变了：所有通道要用同一个次序'
    ),
    'the channels were shuffled, not the pixels: the order belongs to the last two axes': (
        '打乱的是通道，不是像素：要打乱的是最后两个轴'
    ),
    'numbers moved from one channel or picture to another: only their place may change': (
        '有的数移到了别的通道或别的图像：只有位置可以改变'
    ),
    # total_variation
    'twice too much: the formula halves the sum': '大了一倍：公式取的是和的一半',
    'this is the sum of the differences: take their mean, or a large picture is asked to be '
    'smoother than a small one': '这是差的总和：应当取平均值，否则大图像会被要求比小图像更平滑',
    'this is the sum of the differences: take half the sum of the two means': (
        '这是差的总和：应当取两个平均值之和的一半'
    ),
    'without the absolute value, steps up and steps down cancel each other': (
        '没有取绝对值，上升和下降就会互相抵消'
    ),
    'this squares the differences: the formula takes their absolute value, which lets an edge '
    'stay sharp': '这里取了差的平方：公式取的是绝对值，这样边缘可以保持锐利',
    'this looks at neighbours above each other only: those side by side count as well': (
        '这里只比较了上下相邻的像素：左右相邻的也要算'
    ),
    'this looks at neighbours side by side only: those above each other count as well': (
        '这里只比较了左右相邻的像素：上下相邻的也要算'
    ),
    'np.roll makes the first pixel a neighbour of the last: compare slices instead': (
        'np.roll 会让第一个像素与最后一个相邻：请改用切片来比较'
    ),
    'this is one number for the whole batch: each picture has a total variation of its '
    'own, (n,)': ('这是整个批量的一个数：每幅图像各有自己的全变分，(n,)'),
    'this compares columns and colours, as if the channels came second: here they are '
    'last, and rows and columns are the axes 1 and 2': (
        '这里比较的是列和颜色，好像通道在第二个轴：其实通道在最后，行和列是第 1 轴和第 2 轴'
    ),
    'this is the loss of the chapter, for (n, c, h, w) and for a whole batch: here the '
    'channels are last, and each picture has a number of its own': (
        '这是章节里的损失，用于 (n, c, h, w)，整个批量一个数：这里通道在最后，并且每幅'
        '图像各有一个数'
    ),
    # ramp_variation
    'a ramp that falls varies as much as one that rises: take absolute values': (
        '下降的斜坡与上升的斜坡变化一样大：取绝对值'
    ),
    'the two directions are measured apart, each with its absolute value: they cannot cancel': (
        '两个方向分别计算，各取绝对值：它们不会互相抵消'
    ),
    'this is the height of the whole ramp: the loss is the mean step from one pixel to the next': (
        '这是整个斜坡的高度：损失是从一个像素到下一个像素的平均变化'
    ),
    'this is the sum of all steps: the loss takes their mean': (
        '这是所有变化的总和：损失取的是平均值'
    ),
    'h rows have h - 1 steps between them, and the mean is over those': (
        'h 行之间有 h - 1 个差，平均值是对这些差取的'
    ),
    'the loss takes absolute values, not squares': '损失取的是绝对值，不是平方',
    # freeze
    'it returned nothing (None): return the network': '什么也没有返回（None）：应当返回网络',
    'it must return the network, not a {kind}': '应当返回网络，现在返回的是一个 {kind}',
    'the weights themselves have changed: only their gradient is to be switched off': (
        '权重本身变了：只应当关闭它们的梯度'
    ),
    'lr_mult = 0 keeps the weights as they are, but their gradients are computed all the same, '
    "which is the time to be saved: set grad_req to 'null'": (
        'lr_mult = 0 会让权重保持不变，但梯度照样要计算，而要省的正是这段时间：'
        "把 grad_req 设为 'null'"
    ),
    'MXNet still computes a gradient for every weight: collect_params() has setattr, and the '
    "attribute is 'grad_req'": (
        "MXNet 仍在为每个权重计算梯度：collect_params() 有 setattr，要设置的属性是 'grad_req'"
    ),
    '{frozen} of {all} weights and biases are frozen, {others} are not: freeze all of them': (
        '{all} 个权重和偏置中有 {frozen} 个已冻结，{others} 个没有：全部都要冻结'
    ),
    'the weights are frozen, but the gradient does not reach the picture any more: freezing '
    'must not cut the network off': '权重已冻结，但梯度到不了图像了：冻结不能把网络切断',
    # is_frozen
    'one frozen weight is not enough: ask all of them': '有一个权重冻结了还不够：每一个都要检查',
    'this asks the first layer only: ask all weights': '这里只检查了第一层：所有权重都要检查',
    'this asks the last layer only: ask all weights': '这里只检查了最后一层：所有权重都要检查',
    'the other way round: True means frozen': '反了：True 表示已冻结',
    'the biases are trained as well: ask them too': '偏置也会被训练：也要检查它们',
    'it says True even for a network that is not frozen at all': (
        '对完全没有冻结的网络，它也说 True'
    ),
    'it says False even for a network that is frozen': '对已经冻结的网络，它也说 False',
    # adam_step
    'both averages start at 0 and are too small at first: divide m by 1 - 0.9 ** t and v by 1 '
    '- 0.999 ** t before you use them': (
        '两个滑动平均都从 0 开始，起初偏小：使用之前，m 要除以 1 - 0.9 ** t，'
        'v 要除以 1 - 0.999 ** t'
    ),
    'v needs the correction as well: v / (1 - 0.999 ** t)': 'v 也要修正：v / (1 - 0.999 ** t)',
    'm needs the correction as well: m / (1 - 0.9 ** t)': 'm 也要修正：m / (1 - 0.9 ** t)',
    'v averages the squares of the gradient: g * g, not g': 'v 是梯度平方的平均：用 g * g，不是 g',
    'the step is divided by the square root of v, not by v': '更新量要除以 v 的平方根，而不是 v',
    'the betas are swapped: 0.9 for m, 0.999 for v': '两个衰减系数颠倒了：m 用 0.9，v 用 0.999',
    'this goes uphill: the step is subtracted from x': '这是在上坡：应当从 x 中减去更新量',
    'x is right, but the averages that you return are the old ones: the next step needs the '
    'new m and v': 'x 对了，但返回的两个平均还是旧的：下一步需要新的 m 和 v',
    'x is right; return the new m and v with it: x, m, v': (
        'x 对了；请把新的 m 和 v 也一起返回：x, m, v'
    ),
    "this is plain gradient descent: Adam's step is lr * m / sqrt(v), both corrected": (
        '这是普通的梯度下降：Adam 的更新量是 lr * m / sqrt(v)，两者都要先修正'
    ),
    't is the number of this step already, 1 for the first: do not add 1': (
        't 已经是这一步的编号，第一步就是 1：不要再加 1'
    ),
    'x is right; but return m and v as they are before the correction, or the next step '
    'corrects them twice': 'x 对了；但返回的 m 和 v 应当是修正之前的，否则下一步会再修正一次',
    # lr_at
    "one epoch late: here they are counted from 0, as the book's loop does, so the "
    'first drop is in the epoch with the number lr_decay_epoch': (
        '晚了一次迭代：这里像书中的循环那样从 0 数起，所以第一次下降发生在编号为 '
        'lr_decay_epoch 的那次迭代'
    ),
    'one epoch early: the first lr_decay_epoch epochs, with the numbers from 0 to '
    'lr_decay_epoch - 1, run at the full step size': (
        '早了一次迭代：前 lr_decay_epoch 次迭代，编号从 0 到 lr_decay_epoch - 1，都使用'
        '完整的学习率'
    ),
    'this drops after every epoch: it should drop after every lr_decay_epoch epochs': (
        '这里每次迭代都下降：应当每 lr_decay_epoch 次迭代下降一次'
    ),
    'this glides down a little in each epoch: a staircase needs whole powers, so //': (
        '这里每次迭代都下降一点：台阶要求指数是整数，所以用 //'
    ),
    'right as far as the first drop, but it drops once only: each further lr_decay_epoch '
    'epochs multiply once more': (
        '到第一次下降为止都对，但它只下降一次：此后每过 lr_decay_epoch 次迭代都要再乘一次'
    ),
    'drops multiply: two of them are lr_decay ** 2, not 2 * lr_decay': (
        '每次下降都是乘法：下降两次是 lr_decay ** 2，不是 2 * lr_decay'
    ),
    'it drops for one epoch and is back in the next: the step size stays down': (
        '学习率只在一次迭代中下降，接着又回到原值：下降之后不应当回升'
    ),
    'this grows: multiply by lr_decay': '这里是在增大：应当乘以 lr_decay',
    # carry_over
    'postprocess gives 0 to 1, preprocess expects 0 to 255: the picture becomes almost black': (
        'postprocess 返回 0 到 1，preprocess 要求 0 到 255：这样图像会几乎全黑'
    ),
    'width and height are swapped: image_shape is (width, height), preprocess takes it as it is': (
        '宽和高颠倒了：image_shape 已经是先宽后高，原样交给 preprocess 即可'
    ),
    'X is standardised already, and preprocess standardises once more: undo it first': (
        'X 已经标准化过，preprocess 又会标准化一次：先还原'
    ),
    'right, but not clipped: use postprocess, so that the next stage starts from a picture '
    'that could be shown': '对了，只差截断：请用 postprocess，让下一阶段从一幅能够显示的图像开始',
    'this is a picture for the screen: the next stage starts from standardised numbers, (1, 3, '
    'h, w)': '这是给屏幕看的图像：下一阶段要从标准化后的数开始，形状是 (1, 3, h, w)',
    'the picture still has the old size': '图像还是原来的尺寸',
    # weight_effect
    'these are ratios of weighted terms: the one whose weight you changed is multiplied by it '
    'whatever the picture does. Divide each term by its own weight first': (
        '这是加权后各项的比值：改了哪一项的权重，不论图像怎样，那一项都会被乘上这个倍数。'
        '先把每一项除以它自己的权重'
    ),
    'the other way round: after over before': '反了：应当是后来的除以原来的',
    'divide each term by its own weight, and take after over before': (
        '先把每一项除以它自己的权重，再用后来的除以原来的'
    ),
    'this always changes style_weight: change the field that is named': (
        '这里改的总是 style_weight：应当改 weight 指定的那个字段'
    ),
    'this sets the weight to factor: multiply the weight that the recipe has': (
        '这是把权重设成了 factor：应当把配方原有的权重乘以它'
    ),
    'these are the losses after the change: divide each by what it was before': (
        '这是改变之后的损失：每一项还要除以它原来的值'
    ),
    # judge_curve
    'NaN slips through: every comparison with it is False, so ask math.isfinite of each loss': (
        '漏掉了 NaN：它与任何数比较的结果都是 False，所以要对每个损失用 math.isfinite 检查'
    ),
    'a loss that ends higher than it began has diverged too, even if it is finite': (
        '最后的损失比开始时高，即使是有限的数，也算发散'
    ),
    'two single epochs are mostly noise: compare the mean of the last tenth of the epochs with '
    'that of the tenth before': (
        '单独两次迭代主要是噪声：应当比较最后十分之一迭代的平均值和再往前十分之一的平均值'
    ),
    'how much is 1 % depends on the size of the loss: compare the ratio of the two means': (
        '1 % 相当于多少，取决于损失的大小：应当比较两个平均值之比'
    ),
    'it never says settled: a curve that falls by less than 1 % from one tenth of the epochs '
    'to the next has settled': (
        '它从不返回 settled：如果相邻两个十分之一之间下降不到 1 %，就是已稳定'
    ),
    'falling and settled are exchanged': 'falling 和 settled 颠倒了',
}
