"""The hints of the tasks of chapter 7, in Chinese."""

TEXTS = {
    # in_line
    'between two columns it goes wrong where the right one is nearer: the pixel to the left of a '
    'position is found by rounding down': (
        '两列之间，离右边一列更近时就错了：位置左边的那个像素应当用向下取整来求'
    ),
    'what comes from outside repeats the border: ask whether a position is outside before you '
    'clip it': '来自图像之外的地方重复了边缘：应当先判断位置是否在外面，再截断',
    'right and down are exchanged somewhere: flow[0] is the step down': (
        '某处把向右和向下弄反了：flow[0] 是向下的位移'
    ),
    'this is the broken function still: try a flow that is the same everywhere, first down only, '
    'then right only': '这还是那个有毛病的函数：用处处相同的光流试试，先只向下，再只向右',
    'two of its faults are left: try a flow that is the same everywhere, first down only, then '
    'right only, by a whole pixel and by three quarters of one': (
        '还有两处毛病：用处处相同的光流试试，先只向下，再只向右，先移整像素，再移四分之三像素'
    ),
    'the sign is wrong: the picture is looked at at p + w(p), not at p - w(p)': (
        '符号反了：应当到 p + w(p) 处去看，而不是 p - w(p)'
    ),
    'this takes the nearest pixel: between pixels, mix the four around by their distance': (
        '这里取的是最近的像素：落在像素之间时，应按距离混合周围的四个'
    ),
    'what comes from outside is black here: it is to be `beyond`': (
        '这里来自外面的地方是黑的：应当是 `beyond`'
    ),
    # two_slopes
    'the slope for x is right; for y, several pixels may look at the same one: with other[row, '
    'column] -= ... only one of them counts': (
        'x 的斜率对了；对 y，可能有几个像素看向同一个像素：'
        '用 other[row, column] -= ... 时只有其中一个算数'
    ),
    'the slope for x is right; that for y arrives where the flow goes: at goes, not at p': (
        'x 的斜率对了；y 的斜率要落在光流所指之处：在 goes 处，而不是在 p 处'
    ),
    'the slope for x is right; for y you fetch from where the flow goes: it must be brought '
    'there': 'x 的斜率对了；对 y，你是从光流所指之处取值：应当是送到那里去',
    'the slope for y has the other sign: y is subtracted': 'y 的斜率符号反了：y 是被减去的',
    'both slopes are twice as large: a square is differentiated': (
        '正确的两个斜率都是它的两倍：求导的是平方'
    ),
    'both slopes have the other sign': '两个斜率的符号都反了',
    'these are the slopes of a sum: the term is a mean over the pixels': (
        '这是总和的斜率：这一项是对像素取的平均'
    ),
    'c is squared here: it stands outside the square': '这里 c 被平方了：它在平方之外',
    'c is missing': '缺少 c',
    'right, but turned round: the slope for x first, then that for y': (
        '对了，只是次序反了：先 x 的斜率，后 y 的斜率'
    ),
    # whose_slices
    'begin with the cut: what happens to every line of a slice there?': (
        '先找镜头切换处：在那里，切片上的每一条线会怎样？'
    ),
    'next the two without a memory: in which slices has a column nothing to do with its '
    'neighbour?': '再找没有记忆的两部：哪些切片里，一列与旁边的一列毫不相干？',
    'two films have no memory: in one of them, is there an edge of the scene that climbs or '
    'falls from column to column?': (
        '有两部没有记忆：其中一部里，场景的边缘是否一列比一列高，或者一列比一列低？'
    ),
    'three films have a memory: what becomes of a stroke, over time, if the camera stands, if it '
    'is carried along with the scene, and if it stays while the scene moves on?': (
        '有三部带记忆：随着时间，一道笔触会怎样？'
        '摄像机不动时、笔触随场景移动时、场景移走而笔触留在原处时，各是什么样子？'
    ),
    # six_films
    'begin with the film without a memory: which number gives it away?': (
        '先找没有记忆的那一部：哪个数暴露了它？'
    ),
    'four films differ in the weight alone: which column does a larger weight make smaller, and '
    'at the expense of which?': '有四部只有权重不同：权重增大使哪一列变小，代价在哪一列？',
    'two films are left, of the same weight: one believes what cannot be known. Where does it do '
    'worse than the other, and in which column is that told?': (
        '还剩权重相同的两部：一部相信了不可能知道的东西。它在哪里比另一部差，哪一列说明了这一点？'
    ),
    # steadied
    'these are the frames themselves: nothing holds one to the next': (
        '这就是那些帧本身：没有什么把一帧与下一帧联系起来'
    ),
    'this is the best that each frame can do given the one before: but the one before can give '
    'way, too; the loss is of the whole film': (
        '这是前一帧给定时每一帧能做到的最好结果：但前一帧也可以让步；损失是整部影片的'
    ),
    'the term counts everywhere here: it must not where the flow leaves the picture, or does not '
    'return': '这里这一项处处都算：光流离开图像或者不能返回的地方，不应当算',
    'the term counts wherever the flow stays inside: it must not where it does not return': (
        '这里只要光流留在图像之内，这一项就算：不能返回的地方也不应当算'
    ),
    'the term counts with a weight of 1 here': '这里这一项的权重是 1',
    'the flows are taken for those back: flows[t - 1] goes from frame t to frame t - 1': (
        '两个方向的光流弄反了：flows[t - 1] 从第 t 帧指向第 t - 1 帧'
    ),
    'right and down are exchanged: the step down comes first': '向右和向下弄反了：向下的位移在前',
    'some numbers are not finite: do your steps grow?': '有的数不是有限的：步子是不是越来越大？',
    'the loss is {times} times the smallest: at most {enough} is right; with weight 0 it is that '
    'of the frames, and a film that moves with the flow has no term': (
        '损失是最小值的 {times} 倍：不超过 {enough} 倍才对；'
        '权重为 0 时最好的结果就是各帧本身，完全随光流移动的影片这一项为 0'
    ),
}
