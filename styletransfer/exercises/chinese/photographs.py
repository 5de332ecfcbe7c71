"""The hints of the tasks of chapter 6, in Chinese."""

TEXTS = {
    # fit_and_slope
    'the energy is right; its slope is twice as large': '能量对了；正确的斜率是你给出的两倍',
    'the energy is right; its slope has the other sign: what is left is v less the fit': (
        '能量对了；斜率的符号反了：剩下的是 v 减去拟合值'
    ),
    'the energy is right; the slope is that of the fit without epsilon: a and b are those of '
    'the energy': '能量对了；斜率却是没有 epsilon 的拟合的：a 和 b 应当就是能量中的',
    'a and b are right: the price of a, epsilon |a|^2, is a part of the energy': (
        'a 和 b 对了：a 的代价 epsilon |a|^2 也是能量的一部分'
    ),
    'this is the fit without epsilon: with it a is drawn to 0': (
        '这是没有 epsilon 的拟合：有了它，a 会被拉向 0'
    ),
    'epsilon draws b to 0, too: only a has a price': 'epsilon 把 b 也拉向了 0：只有 a 有代价',
    'b is missing: without it a constant would cost something': '缺少 b：没有它，常数也会有代价',
    'these are means over the pixels of the window: take sums': '这是对窗口的像素取平均：应当求和',
    'this adds the square of epsilon to the squares of the colours: a row of the system that '
    'is to cost epsilon a^2 has the root of epsilon in it': (
        '这里给颜色的平方加上的是 epsilon 的平方：方程组中代价为 epsilon a^2 的一行，'
        '里面应当是 epsilon 的平方根'
    ),
    'right, but turned round: the energy first, then the slope': (
        '对了，只是次序反了：先能量，后斜率'
    ),
    # whose_rows
    'each of the letters {letters} belongs there once: it returned {got}': (
        '字母 {letters} 各出现一次：现在返回的是 {got}'
    ),
    'begin with the three pixels at an edge: what lies beyond it does not count, so a part of '
    'the panel is empty; which part, seen from the pixel?': (
        '先看边缘上的三个像素：边缘另一侧的不起作用，所以小图有一部分是空的；'
        '从像素看去是哪一部分？'
    ),
    'the carpet has another colour at each pixel: would what resembles the pixel lie in any '
    'order around it?': '地毯上每个像素颜色都不同：与该像素相似的，会在它周围排得有规律吗？',
    'two panels are left: where the light falls off, some of the neighbours have the very '
    'colour of the pixel and others have not': (
        '还剩两幅小图：在光线变暗的地方，有的相邻像素与该像素颜色完全相同，有的不同'
    ),
    # label_masks
    'this is the broken function still: begin with the distance of two colours that you know, '
    'such as (10, 0, 0) and (0, 0, 0)': (
        '这还是那个有毛病的函数：先算两种已知颜色的距离，例如 (10, 0, 0) 和 (0, 0, 0)'
    ),
    'the distances are wrong: what is 3 - 5 in the type of the arrays?': (
        '距离不对：在数组的类型中，3 - 5 是多少？'
    ),
    'two faults are left: add up the masks, and look where the sum is not 1; then look at the '
    'distance of two colours that you know': (
        '还有两处毛病：把掩码加起来，看看哪里的和不是 1；再看两种已知颜色的距离'
    ),
    'some pixels are in no mask at all: add up the masks, and look where the sum is not 1': (
        '有些像素不在任何掩码里：把掩码加起来，看看哪里的和不是 1'
    ),
    'a colour that is rarer than `least` has a mask still: is the share a share of the picture?': (
        '比 `least` 还少的颜色仍有掩码：比例是占全图的比例吗？'
    ),
    'the differences of red, green and blue cancel each other: square them': (
        '红、绿、蓝的差会互相抵消：要取平方'
    ),
    'these are numbers of colours: return a mask for each': (
        '这是颜色的编号：应当为每种颜色返回一个掩码'
    ),
    'the colours come first: (k, h, w)': '颜色的轴在最前面：(k, h, w)',
    # six_runs
    'begin with the four runs that differ in the matting weight alone: which column does it '
    'make smaller, and at the expense of which?': (
        '先看只有抠图权重不同的四次运行：它使哪一列变小，代价在哪一列？'
    ),
    'two runs are left: one has never been told which part of the photo is sky, the other had '
    'a longer way to go': '还剩两次运行：一次从来不知道照片的哪一部分是天空，另一次要走的路更长',
    # colourised
    'these are the strokes themselves: the pixels between them are not painted': (
        '这就是笔迹本身：它们之间的像素没有上色'
    ),
    'the strokes count with a weight of 1 here: multiply them by `weight`': (
        '这里笔迹的权重是 1：应当乘以 `weight`'
    ),
    'all pixels count as strokes here, the black ones too: only those where `known` is 1 do': (
        '这里把所有像素都当成了笔迹，黑色的也在内：只有 `known` 为 1 处才是'
    ),
    'write the Laplacian yourself: neither pymatting nor the package is there': (
        '拉普拉斯矩阵要自己写：pymatting 和代码包在这里都不可用'
    ),
    'it spoils what it is given: work on a copy': '它改动了给它的数组：请在副本上计算',
    'some numbers are not finite: is the matrix singular?': '有的数不是有限的：矩阵是不是奇异的？',
    'the loss is {times} times the smallest: at most {enough} is right; check L first: L times '
    'a picture of one colour is 0, and so is the sum of each row': (
        '损失是最小值的 {times} 倍：不超过 {enough} 倍才对；先检查 L：L 乘以单色图像是 0，'
        '每一行的和也是 0'
    ),
}
