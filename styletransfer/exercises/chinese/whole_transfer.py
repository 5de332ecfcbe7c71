"""The hints of the tasks that are whole programs, in Chinese."""

TEXTS = {
    # transfer
    'it must return a picture: an array of numbers': ('应当返回一幅图像：由数组成的数组'),
    'it must return a picture of shape {shape}, not of shape {other}': (
        '应当返回形状为 {shape} 的图像，现在的形状是 {other}'
    ),
    'it returned numbers that are not finite: is the step size too large?': (
        '返回的数不是有限的：学习率是不是太大？'
    ),
    'the picture goes from 0 to 255 here: undo the division by 255 too': (
        '这里的图像是 0 到 255：除以 255 也要还原'
    ),
    'this is the photograph still: nothing has been trained': ('这还是那张照片：什么也没有训练'),
    'no number of it is below 0 or above 255, as if it had been clipped: that is for '
    'who shows it, and never for the loop': (
        '没有一个数小于 0 或大于 255，好像截断过：截断留给显示图像的人，绝不能放在循环里'
    ),
    'the loss is {share} of that of the photograph, at most {enough} will do; most of '
    'it is {TERM}': ('损失是照片的 {share} 倍，最多只能是 {enough} 倍；其中最大的一项是{TERM}'),
    'content': ('内容损失'),
    'style': ('风格损失'),
    'total variation': ('全变分'),
    # mended_loop
    'this is the broken loop still, with all its faults: begin with the picture, does '
    'it come out in the shape in which it went in?': (
        '这还是那个有毛病的循环，毛病一个不少：先看图像，出来时的形状与进去时的一样吗？'
    ),
    'one fault is left: two pictures, and how many Gram matrices?': (
        '还剩一个毛病：有两幅图像，格拉姆矩阵有几个？'
    ),
    'one fault is left: which range do standardised colours have in the loop?': (
        '还剩一个毛病：循环中标准化的颜色在什么范围内？'
    ),
    'one fault is left: what has a gradient, and what is changed by it?': (
        '还剩一个毛病：什么有梯度，什么因此被改变？'
    ),
    'one fault is left: are the photographs and the paintings read in the same order '
    'of colours?': ('还剩一个毛病：读入照片和画作时，颜色的顺序相同吗？'),
    'one fault is left: where are rows, and where are columns, on the way in and on '
    'the way out?': ('还剩一个毛病：进去时和出来时，行在哪个轴，列在哪个轴？'),
    'right, but not clipped at the end, where the pictures are to be shown': (
        '对了，只是最后没有截断，而图像是要显示的'
    ),
}
