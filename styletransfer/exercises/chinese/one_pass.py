"""The hints of the tasks of chapter 11, in Chinese."""

TEXTS = {
    # instance_norm
    'this is batch norm: each picture has a mean and a deviation of its own, so leave the '
    'first axis out': '这是批量规范化：每幅图像有自己的均值和标准差，所以不要包括第一个轴',
    'this is layer norm, one mean for all channels of a picture: each channel has its own': (
        '这是层规范化，一幅图像的所有通道共用一个均值：每个通道应当有自己的均值'
    ),
    'this takes the mean over the channels: take it over the pixels, the last two axes': (
        '这是对通道取均值：应当对像素取，即最后两个轴'
    ),
    'this divides by the variance: divide by its root': '这里除以的是方差：应当除以它的平方根',
    'the small number belongs under the root, with the variance': (
        '这个很小的数应当放在根号里，与方差相加'
    ),
    'a channel that is nearly flat gets too loud: add 1e-5 to the variance': (
        '几乎没有变化的通道会被放得太大：给方差加上 1e-5'
    ),
    'subtract the mean before you divide': '先减去均值，再做除法',
    'this divides the sum of squares by hw - 1: take the plain mean, over hw': (
        '这里把平方和除以了 hw - 1：应当取普通的平均值，除以 hw'
    ),
    'gamma and beta are exchanged: gamma multiplies, beta is added': (
        'gamma 和 beta 对调了：gamma 用来乘，beta 用来加'
    ),
    'beta is not added': '没有加 beta',
    'gamma is not used': '没有用到 gamma',
    'mean 0 and deviation 1 are right: now multiply by gamma and add beta': (
        '均值 0、标准差 1 都对了：再乘以 gamma，加上 beta'
    ),
    # count_learned
    'the biases are missing: each convolution has one for each channel behind it': (
        '缺少偏置：每个卷积的每个输出通道有一个偏置'
    ),
    'the norms are missing: a gamma and a beta for each channel behind each convolution but '
    'the last': '缺少规范化：除最后一个以外，每个卷积之后，每个通道有一个 gamma 和一个 beta',
    'these are the weights of the convolutions: biases and norms have numbers too': (
        '这只是卷积的权重：偏置和规范化也有要学习的数'
    ),
    'a norm has two numbers for each channel, gamma and beta': (
        '规范化的每个通道有两个数：gamma 和 beta'
    ),
    'the last convolution has no norm: its three channels are the picture': (
        '最后一个卷积没有规范化：它的三个通道就是图像'
    ),
    'a residual block has two convolutions': '一个残差块有两个卷积',
    'a kernel is a square: side times side weights for each pair of channels': (
        '卷积核是正方形：每一对通道有“边长乘边长”个权重'
    ),
    'only the first and the last convolution have the large kernel: all others are 3 by 3': (
        '只有第一个和最后一个卷积用大的核：其余都是 3 乘 3'
    ),
    'the first and the last convolution have a kernel of the given side': (
        '第一个和最后一个卷积的核，边长是给定的 kernel'
    ),
    'a filter has a kernel for each channel in front of it: multiply by those as well': (
        '一个滤波器对每个输入通道都有一个核：还要乘以输入通道数'
    ),
    # mirror
    'the border itself is there twice: begin with the row next to it, cb|abc, not ba|abc': (
        '边框本身出现了两次：应当从它旁边的那一行开始，是 cb|abc，不是 ba|abc'
    ),
    'this repeats the border: go back into the picture, row by row': (
        '这里重复的是边框：应当一行一行地退回图像里面'
    ),
    'these are zeros: they are what makes the frame': '这里补的是零：图像四周的边框正是这样来的',
    'this goes on with the opposite side of the picture': '这里接上的是图像另一侧的内容',
    'right rows in the wrong order: a mirror turns them round, so what is next to the border '
    'comes first on either side of it': (
        '行取对了，但次序反了：镜子会把次序颠倒，所以在两侧都是紧挨边框的那一行先出现'
    ),
    'above and below are right, but left and right are missing': '上下对了，但缺少左右',
    'left and right are right, but above and below are missing': '左右对了，但缺少上下',
    'this is done on one side only: go on beyond the right and the lower border too': (
        '这里只延伸了一侧：右边框和下边框之外也要延伸'
    ),
    'this is a margin of 1: add `margin` pixels on each side': (
        '这里的边距是 1：应当向四边各加 `margin` 个像素'
    ),
    'this is the picture as it was: it should be larger by the margin on each side': (
        '图像没有变：四边都应当加上边距'
    ),
    # style_distance
    'these are the mean squares: divide by what they are, on average, for the photographs': (
        '这是平方的平均值：还要除以它在照片上的平均值'
    ),
    'this divides by the distance of the mean photograph, which is nearer than photographs '
    'are: take each distance first, then the mean': (
        '这里除以的是平均照片的距离，它比各张照片都近：应当先求每张照片的距离，再取平均'
    ),
    'this divides by how far photographs are from their own mean: take how far they are from '
    'the style': '这里除以的是照片与它们自己的平均相差多少：应当用照片离风格有多远',
    'this divides by the size of the target: 1 should be a photograph': (
        '这里除以的是 target 的大小：照片应当得到 1'
    ),
    "this divides by the size of the photographs' matrices: take how far they are from the "
    'style': '这里除以的是照片矩阵的大小：应当用照片离风格有多远',
    'this divides by the sum over the photographs: take their mean, so that it does not matter '
    'how many there are': '这里除以的是对照片求的和：应当取平均值，这样与照片的张数无关',
    'this is the mean over the pictures: return a number for each of them': (
        '这是对各幅图像取的平均：应当为每幅图像返回一个数'
    ),
    'this is the root: the loss is a mean of squares over a mean of squares': (
        '这是平方根：损失是平方的平均值除以平方的平均值'
    ),
    'above a sum of squares, below a mean: take the mean over the entries on both sides': (
        '分子是平方和，分母是平均值：两者都应当对元素取平均'
    ),
    'this is upside down: 0 should be the style': '颠倒了：风格应当得到 0',
    # pays_off
    'a pass takes time too: what a picture saves is the optimisation less the pass': (
        '一次前向传播也要时间：每幅图像省下的是优化的时间减去前向传播的时间'
    ),
    'after so many pictures learning has not paid off yet: one more is needed': (
        '画这么多幅时，学习还没有划算：还要再多一幅'
    ),
    'this rounds to the nearest: with fewer pictures than needed it takes longer': (
        '这里是四舍五入：如果图像数比需要的少，反而更费时间'
    ),
    'at equal times, learning does not take less yet: one picture more': (
        '两种时间相等时，先学习还没有更省时间：要再多一幅'
    ),
    'where a pass takes longer than the optimisation, it never pays off: return 0': (
        '如果一次前向传播比优化还慢，就永远不划算：返回 0'
    ),
    'the pass is done in place of the optimisation: subtract it': (
        '前向传播是代替优化的：应当减去它'
    ),
}
