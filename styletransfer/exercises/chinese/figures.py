"""The hints of the tasks in which pictures are told apart, in Chinese."""

TEXTS = {
    'it must return {count} letters in one string, not {GOT}': (
        '应当返回由 {count} 个字母连成的字符串，现在返回的是：{GOT}'
    ),
    # six_settings
    'begin with the two that have lost their fine texture: in one of them there is no '
    'colour that the photograph has not': ('先看失去细小纹理的两幅：其中一幅里没有照片以外的颜色'),
    'nothing holds the outlines of the photograph in one of the runs: in which picture '
    'do the shores go over into strokes?': (
        '有一次训练，没有什么留住照片的轮廓：哪一幅的湖岸化成了笔触？'
    ),
    'the layer sees 3 by 3 pixels: it can ask for colours, and for no stroke': (
        '这一层看到 3 乘 3 像素：它能要求颜色，却要求不了笔触'
    ),
    'who begins with noise has a long way to the photograph: which picture is not there yet?': (
        '从噪声开始，到照片的路很长：哪一幅还没有走到？'
    ),
    'what is left is the recipe as it is': ('剩下的就是未改动的配方'),
    # four_runs
    'the smallest first: in which run does nothing pull against the style, and nothing '
    'keep the picture from moving?': (
        '最小的在前：哪一次训练里没有什么与风格对抗，也没有什么妨碍图像移动？'
    ),
    'the largest last: Adam moves a pixel by about its step size in each epoch. How '
    'far can each of the runs come?': (
        '最大的在后：Adam 每次迭代把一个像素移动大约一个学习率。每次训练能走多远？'
    ),
    'of the two in the middle one is pulled harder by something else than style': (
        '中间的两次训练里，有一次被风格以外的东西拉得更厉害'
    ),
    # which_fault
    'two of the faults are in the way in and out, and the loop does not notice: look '
    'for a curve that is as it should be, and for what lies or looks wrong': (
        '有两个毛病出在进和出的路上，循环并不察觉：请找曲线正常、但方向或样子不对的图像'
    ),
    'a loss can become small without the picture: which curve is too good for what its '
    'pictures show?': ('不靠图像，损失也能变小：哪条曲线好得与图像不相称？'),
    'standardised colours go from about -2 to 2.6: what is missing in a picture that '
    'may not leave 0 to 1?': (
        '标准化的颜色大约从 -2 到 2.6：如果不许离开 0 到 1，图像里会缺少什么？'
    ),
    'do the two pictures of the batch have a style each?': ('批量中的两幅图像各有自己的风格吗？'),
    # which_layer
    'the first layers forget next to nothing: in which two is all of it there?': (
        '最前面的层几乎什么也不忘记：哪两幅里什么都在？'
    ),
    'the deepest layer has one place for 16 by 16 pixels: where is least to be recognised?': (
        '最深的层每 16 乘 16 像素只有一个位置：哪一幅里能认出的东西最少？'
    ),
    'two are left: which of them has kept more of the stones and of the sky?': (
        '还剩两幅：哪一幅保留了更多的石块和天空？'
    ),
    # which_texture
    'begin with the smallest sets: what sees 3 pixels, or 10, knows colours and '
    'specks, and no line that goes on': (
        '先看最小的集合：只看到 3 个或 10 个像素的，知道颜色和斑点，不知道延续的线条'
    ),
    'two are left: the largest set has seen 156 pixels at once. Where are the pieces of the '
    'painting larger?': ('还剩两幅：最大的集合一次看到 156 个像素。哪一幅里画作的碎片更大？'),
    # which_walker
    'who knows the curvatures needs one step: which walk has a single one?': (
        '知道曲率的只需要一步：哪一条路线只有一步？'
    ),
    'both of the plain walks go straight down the slope at each point: one with steps '
    'that are nearly too long across the valley, one with steps too short along it': (
        '两条普通的路线在每一点都沿最陡的方向下坡：一条横穿山谷的步子几乎太长，一条沿山'
        '谷的步子太短'
    ),
    'Adam moves both coordinates by nearly the same at first, however steep they are: '
    'look for walks that begin at 45 degrees': (
        '不管两个坐标有多陡，Adam 起初对它们的移动几乎相同：请找开头呈 45 度的路线'
    ),
    'momentum shoots past its aim and comes back in a curve': ('动量会冲过目标，再绕着弯回来'),
    # six_controls
    'two pictures have the colours of the photograph: in one of them the colours are '
    "exactly the photograph's at each pixel, in the other only on the whole": (
        '有两幅是照片的颜色：一幅在每个像素上都与照片的颜色相同，另一幅只是总体上相同'
    ),
    'in one picture the style changes at a line: there the paintings have a region each': (
        '有一幅的风格在一条线上改变：那里两幅画各占一个区域'
    ),
    'a mixture of two paintings has the colours of both everywhere': (
        '两幅画混合时，处处都有两者的颜色'
    ),
    'two are left: which of them has the larger strokes?': ('还剩两幅：哪一幅的笔触更大？'),
}
