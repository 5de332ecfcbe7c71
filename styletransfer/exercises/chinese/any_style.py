"""The hints of the tasks of chapter 13, in Chinese."""

TEXTS = {
    # deviation_of_gram
    'our gram is divided by the number of channels too: multiply by c first': (
        '我们的 gram 还除以了通道数：先乘以 c'
    ),
    'this is the root of the mean square: take the square of the mean away first': (
        '这是平方平均值的平方根：开平方之前要减去均值的平方'
    ),
    'this is the root of the diagonal: undo the division by c, then take the square of the '
    'mean away': '这是对角线的平方根：先抵消除以 c 的那一步，再减去均值的平方',
    'this is the variance: the deviation is its root': '这是方差：标准差是它的平方根',
    'take away the square of the mean, not the mean': '应当减去均值的平方，而不是均值',
    'the square of the mean is to be taken away, not added': '均值的平方应当减去，而不是加上',
    'this adds up each row of G: a channel with itself stands on the diagonal only': (
        '这是把 G 的每一行加起来：一个通道与它自己的乘积只在对角线上'
    ),
    # blend
    'the weights need not add up to 1: divide by their sum': '权重之和不一定是 1：要除以它们的和',
    'this is the plain mean of the styles: the weights are not used': (
        '这是各种风格的普通平均：没有用到权重'
    ),
    'this divides by the number of styles: divide by the sum of the weights': (
        '这里除以的是风格的个数：应当除以权重之和'
    ),
    'the other way round: alpha 1 is the painting, alpha 0 the photo': (
        '反了：alpha 为 1 是画，alpha 为 0 是照片'
    ),
    'this is the full style: what is left of 1, 1 - alpha, goes to the statistics of the photo': (
        '这是完整的风格：余下的份额 1 - alpha 应当给照片的统计量'
    ),
    'the share 1 - alpha of the statistics of the photo is missing': (
        '缺少照片统计量的份额 1 - alpha'
    ),
    "the photo's statistics count in full here: they have the share 1 - alpha": (
        '这里照片的统计量全都算了进去：它们的份额是 1 - alpha'
    ),
    'this mixes variances: AdaIN multiplies by the deviation, so deviations are mixed': (
        '这是在混合方差：AdaIN 乘以的是标准差，所以要混合标准差'
    ),
    'the second result is to be the deviation, not the variance': (
        '第二个结果应当是标准差，而不是方差'
    ),
    'right, but turned round: the mean first, then the deviation': (
        '对了，只是次序反了：先均值，后标准差'
    ),
    'this is the first painting alone': '这只是第一幅画',
    # region_adain
    'this measures the whole photo for every region: take the mean and the deviation of the '
    'region alone': '这里对每个区域都用了整张照片的统计量：应当只在该区域之内求均值和标准差',
    'the zeros outside of the region count in its mean and deviation: divide by the number of '
    'places inside': '区域之外的零也算进了均值和标准差：应当除以区域之内的位置数',
    'the regions are added up everywhere: multiply each by its mask': (
        '各个区域在所有位置上相加了：每个都要乘以自己的掩码'
    ),
    'mask the result too, and measure inside of the region only': (
        '结果也要乘掩码，而且只在区域之内求统计量'
    ),
    'the styles are in the wrong order: the first is for the first mask': (
        '风格的顺序不对：第一种用于第一个掩码'
    ),
    'every region has the first style': '每个区域都是第一种风格',
    'only the first region is painted': '只画了第一个区域',
    'this mixes the styles everywhere: the masks are not used': (
        '这里在所有位置上混合了各种风格：没有用到掩码'
    ),
    # style_left
    'this divides sum by sum, so a painting that is far away counts more: divide picture by '
    'picture, then take the mean': '这是用和除以和，离得远的画分量会更重：应当逐幅相除，再取平均',
    'these are the shares of each picture: return their mean': (
        '这是每幅图像的份额：应当返回它们的平均值'
    ),
    'this is not divided by the distance of the photo from the painting': '没有除以照片到画的距离',
    'this measures the way behind you, from the photo: what is left is the way to the painting': (
        '这里量的是从照片走过来的路：剩下的是到画的路'
    ),
    'this is what has been done: what is left is wanted': '这是已经走完的部分：要的是剩下的部分',
    'turned round: 1 is a photo, 0 the painting': '反了：照片是 1，画是 0',
    'the means alone: the deviations count as well': '只用了均值：标准差也要算',
    'the deviations alone: the means count as well': '只用了标准差：均值也要算',
    'no root: squares are divided by squares': '不要开平方：是平方除以平方',
    'this adds up absolute differences: take their squares': '这是把差的绝对值相加：应当取平方',
    'this is one share for the means and one for the deviations: add up the squares of both, '
    'then divide once': '这是均值一个份额、标准差一个份额：应当把两者的平方相加，再做一次除法',
    # explained
    "subtract the styles' mean first: directions are those of the differences from it": (
        '先减去各种风格的平均：方向指的是与平均之差的方向'
    ),
    'this subtracts from each style the mean of its own numbers: the mean is over the styles': (
        '这里每种风格减去的是它自己各个数的平均：应当对各种风格取平均'
    ),
    'singular values are like deviations: a variance is the square of one': (
        '奇异值相当于标准差：它的平方才是方差'
    ),
    'the eigenvalues of the covariance are variances already: do not square them': (
        '协方差的特征值已经是方差：不要再取平方'
    ),
    'this is the first direction alone: add up the first k': (
        '这只是第一个方向：应当把前 k 个加起来'
    ),
    'this is the k-th direction alone: add up the first k': (
        '这只是第 k 个方向：应当把前 k 个加起来'
    ),
    'this is what is lost: wanted is what the first k directions hold': (
        '这是失去的部分：要的是前 k 个方向保留的部分'
    ),
    'these are the smallest: eigvalsh returns them from small to large': (
        '这是最小的几个：eigvalsh 按从小到大返回'
    ),
    'these are the numbers that vary most, one by one: a direction may be a mixture': (
        '这是逐个看变化最大的数：一个方向可以是几个数的混合'
    ),
}
