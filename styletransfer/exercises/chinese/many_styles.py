"""The hints of the tasks of chapter 12, in Chinese."""

TEXTS = {
    # style_numbers
    'this counts the channels: each has two numbers, a gamma and a beta': (
        '这是通道数：每个通道有两个数，一个 gamma 和一个 beta'
    ),
    'the norm of the picture itself is missing: three channels, where there is one': (
        '缺少图像本身的规范化：如果有，就多三个通道'
    ),
    'this counts a norm of the picture even where there is none': (
        '即使没有图像的规范化，这里也把它算了进去'
    ),
    'a residual block has two convolutions, and a norm behind each': (
        '一个残差块有两个卷积，每个后面都有规范化'
    ),
    'this counts one residual block: there are several': '这里只算了一个残差块：应当有几个算几个',
    'the residual blocks are missing': '缺少残差块',
    'the way up is missing: it has norms of its own': '缺少上采样的部分：它也有自己的规范化',
    'one layer too many on the way up: it has two, of the second and of the first width': (
        '上采样多算了一层：它有两层，通道数是第二个和第一个宽度'
    ),
    'the residual blocks work at the last width only': '残差块只用最后一个宽度',
    # fold_style
    'the 1e-5 under the root is missing: a channel with hardly any variance shows it': (
        '根号里缺少 1e-5：几乎没有方差的通道会暴露这一点'
    ),
    'the 1e-5 belongs under the root: it is added to the variance': (
        '1e-5 应当在根号里：它是加在方差上的'
    ),
    'this divides by the variance: the norm divides by its root': (
        '这里除以的是方差：规范化除以的是它的平方根'
    ),
    'this multiplies by the deviation: the norm divides by it': '这里乘以了标准差：规范化是除以它',
    'gamma is not used: it scales what was normalised': '没有用到 gamma：规范化之后的数要由它缩放',
    'the weights are right, the bias is not: the norm takes away the mean, which is scaled as '
    'well': '权重对了，偏置不对：规范化要减去均值，而均值也要缩放',
    'the weights are right, but the mean that is taken away was divided and multiplied like '
    'the rest: scale it too': '权重对了，但减去的均值和其他的数一样要先除后乘：它也要缩放',
    'the weights are right; the mean is taken away, not added': '权重对了；均值是减去，不是加上',
    'the weights are right; beta comes last, so it is not scaled': (
        '权重对了；beta 是最后加上的，所以不缩放'
    ),
    'the bias is right, the weights are as they were: scale the filter of each channel': (
        '偏置对了，权重还是原来的：要缩放每个通道的滤波器'
    ),
    'this scales the channels that come in, the second axis of W: the norm is behind the '
    'convolution, so scale those that go out, the first': (
        '这里缩放的是输入通道，即 W 的第二个轴：规范化在卷积之后，所以应当缩放输出通道，即第一个轴'
    ),
    'gamma and beta are exchanged: gamma scales, beta is added': (
        'gamma 和 beta 对调了：gamma 用来缩放，beta 用来加'
    ),
    'return the weights and the bias': '应当返回权重和偏置',
    # balance
    'this is the loss of photographs: the factor that makes 1 of it is one over it': (
        '这是照片的损失：使它等于 1 的系数是它的倒数'
    ),
    'this is for the mean of the matrices, which is nearer than they are: take the difference '
    'first, for each photograph, and then the mean': (
        '这是对平均矩阵算的，它比各张照片的矩阵都近：应当先对每张照片求差，再取平均'
    ),
    'this is the mean of the factors of each photograph, in which one that happens to be near '
    'decides: take the mean of the losses, then one over it': (
        '这是各张照片的系数的平均，碰巧很近的一张照片会左右结果：应当先对损失取平均，再取倒数'
    ),
    'this looks at the first photograph only': '这里只看了第一张照片',
    'the style loss is a mean over the entries of the matrix, not their sum': (
        '风格损失是对矩阵元素取平均，不是求和'
    ),
    'take a mean over entries and photographs, not a sum': '应当对元素和照片都取平均，不是求和',
    'take the mean over the photographs, not their sum': '应当对照片取平均，不是求和',
    'no root: the style loss is a mean of squares': '不要开平方：风格损失是平方的平均值',
    'this divides by the size of the painting: how far photographs are from it is what counts': (
        '这里除以的是画的大小：要看的是照片离它有多远'
    ),
    'the style loss has squares, not absolute values': '风格损失用平方，不用绝对值',
    'this is the spread of the photographs among themselves: the painting is not used': (
        '这是照片彼此之间的差别：没有用到画'
    ),
    # margins
    'the smallest number of a row is mostly its own: look at the others only': (
        '一行中最小的数多半就是它自己的：只看其他的数'
    ),
    'this compares down the columns: a row is a result, measured against all paintings': (
        '这是沿列比较：每一行是一个结果，要与所有的画比较'
    ),
    'over the nearest other painting, not over the mean of all others': (
        '应当除以到最近的另一幅画的距离，而不是到其他画的平均距离'
    ),
    'over the nearest other painting, not over the farthest': (
        '应当除以到最近的另一幅画的距离，而不是最远的'
    ),
    'this is the other way round: its own distance is above the line': (
        '颠倒了：到自己那幅画的距离应当在分子上'
    ),
    'this is a difference: divide': '这是差：应当用除法',
    'this takes the smallest number of a row for its own, which it is not where a result is '
    'nearer to another painting: its own stands on the diagonal': (
        '这里把一行中最小的数当成了它自己的；如果结果离另一幅画更近，就不是这样：'
        '自己的数在对角线上'
    ),
    'this takes the second number of each sorted row for the nearest other: where a result is '
    'nearer to another painting, that is its own': (
        '这里把每行排序后的第二个数当成了最近的另一幅；如果结果离另一幅画更近，那个数就是它自己的'
    ),
    'return a number for each style, not only the worst': (
        '应当为每种风格返回一个数，而不只是最差的'
    ),
    # shares_of
    'this is the nearest of all sums of rows: shares have the sum 1, and that has to be built '
    'in before the smallest distance is looked for': (
        '这是各行任意加权和中最近的：份额之和必须是 1，求最小距离之前就要代入这个条件'
    ),
    'shares divided by their sum have the sum 1, but are not the nearest any more: put S_0 = 1 '
    '- (the others) into the distance first': (
        '份额除以它们的和，总和是 1 了，但不再是最近的：应当先把 S_0 = 1 - (其余份额) 代入距离'
    ),
    'a share may be below 0 or above 1, as beyond two styles: leave them as they are': (
        '份额可以小于 0 或大于 1，即超出两种风格之间：不要改动'
    ),
    'this is the nearest row alone: a mixture can be nearer': '这只是最近的一行：混合可以更近',
    'near rows with large shares are a fair guess, but not the nearest mixture: solve for it': (
        '让近的行份额大，是个不错的猜测，但不是最近的混合：要求解'
    ),
    'a softmax of distances is a fair guess, but not the nearest mixture: solve for it': (
        '对距离取 softmax，是个不错的猜测，但不是最近的混合：要求解'
    ),
    'the share of the first row is missing: it is 1 less the others': (
        '缺少第一行的份额：它是 1 减去其余份额'
    ),
    'the numbers are right, but not in the order of the rows: the first is that of row 0': (
        '数是对的，但不是各行的顺序：第一个应当是第 0 行的'
    ),
    'this is the mixture itself: return its shares': '这是混合本身：应当返回它的份额',
}
