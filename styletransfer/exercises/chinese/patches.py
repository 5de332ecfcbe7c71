"""The hints of the tasks of chapter 5, in Chinese."""

TEXTS = {
    # read_maps
    'four letters and three numbers': '即四个字母和三个数',
    'look for the map whose numbers go on by one from place to place everywhere, and with the '
    'same step from row to row': '找这样的地图：编号处处逐个加一，从一行到下一行也总是增加同样多',
    'in pieces the numbers go on by one inside a piece and jump at its border: look for the '
    'jumps': '由几大片拼成时，编号在一片之内逐个加一，在片的边界上跳变：找跳变的地方',
    'a patch that is taken again and again is one number again and again': (
        '同一个块一再重复，就是同一个编号一再出现'
    ),
    'where nothing is next to what was next to it, no number follows from its neighbour': (
        '如果原来相邻的都不再相邻，就没有一个编号能由旁边的编号推出'
    ),
    'one place to the right is one column of the painting further; one place down is a whole '
    'row of its patches further: how much do the numbers grow there?': (
        '向右一个位置，是画中的下一列；向下一个位置，则过了画的一整行块：编号在那里增加多少？'
    ),
    'patches are numbered row by row from 0: how many whole rows come before this number?': (
        '块从 0 开始逐行编号：这个编号之前有多少个整行？'
    ),
    'what is left of the number when its whole rows are taken away?': (
        '从编号中去掉整行之后，还剩多少？'
    ),
    'it must return {count} things, {KIND}': '应当返回 {count} 样东西，{KIND}',
    # votes
    'each score is divided by the square of the length of q: a length is a root': (
        '每个得分除以的是 q 的长度的平方：长度还要开平方'
    ),
    'these are the plain products, so the loudest patches of the painting win: divide by the '
    'length of q': '这只是内积，数值最大的块总会获胜：要除以 q 的长度',
    'here each patch of the painting chooses one of the picture: look for the best along the '
    'other axis': '这里是画的每个块在选图像的块：应当沿另一个轴找最大的',
    'P and Q have changed places: those of P choose, those of Q are counted': (
        'P 和 Q 对调了：由 P 的块来选，数的是 Q 的块'
    ),
    'this takes the q at the smallest distance: the match is by normalised correlation': (
        '这里取的是距离最小的 q：匹配用的是归一化的相关'
    ),
    'the means of the patches are compared: what stands where in a patch must count': (
        '这里比较的是块的均值：块中哪里是什么也要算'
    ),
    'these are shares: return how many': '这是比例：应当返回个数',
    'this says which are chosen at all: return how often': (
        '这只说明哪些被选中过：应当返回被选中的次数'
    ),
    # patch_gradient
    "the chapter's loss shares each number among its patches, this one does not: a number that "
    'several patches have is pulled by each of them': (
        '本章的损失把每个数分摊给它所在的各个块，这个损失不分摊：一个数在几个块里，'
        '就被每个块各拉一次'
    ),
    'each patch that has a number takes its own part of it away: how often does Y occur?': (
        '含有某个数的每个块都要从它减去自己的值：Y 出现多少次？'
    ),
    'the derivative of a square has a factor 2': '平方的导数有系数 2',
    'the loss is a mean: divide by how many numbers all patches have together': (
        '损失是平均值：要除以所有块中数的总个数'
    ),
    'the mean is over the numbers of all patches, and a position may be in several': (
        '平均值是对所有块的数取的，而一个位置可能在几个块里'
    ),
    'this points to the match: the gradient points where the loss grows': (
        '这指向匹配：梯度应当指向损失增大的方向'
    ),
    'where patches overlap only the last of them counts: add them up': (
        '在块重叠的地方只算了最后一个：应当加起来'
    ),
    # which_run
    'six letters': '即六个字母',
    'who is hardly asked for patches keeps the photograph: which two columns say so?': (
        '几乎不要求块的运行会保留照片：哪两列说明了这一点？'
    ),
    'who is asked for patches alone does not mind the photograph: which column says so?': (
        '只要求块的运行不管照片：哪一列说明了这一点？'
    ),
    'each number of rotations and sizes r and s makes (2r + 1)(2s + 1) paintings: one column '
    'tells them apart at once': (
        '旋转数 r 和尺寸数 s 得到 (2r + 1)(2s + 1) 幅画：有一列能立刻把它们分开'
    ),
    'a larger stride leaves patches out on both sides: it changes two columns': (
        '步幅较大时，两边都会略去一些块：有两列会改变'
    ),
    'what is left is the recipe as it is: do its numbers lie between the others?': (
        '剩下的就是配方本身：它的数是否在其他运行的数之间？'
    ),
    # diagnose
    'it must return one of {verdicts}': '应当返回 {verdicts} 之一',
    'a run with two faults: the first that fits, in the order of the table, is the answer': (
        '这次运行有两个毛病：答案是按表中的次序第一个符合的'
    ),
    'measure the fall of the second half against the whole fall, not against the loss: a large '
    'part of a loss may be one that no picture can avoid': (
        '后半段的下降要与总的下降相比，而不是与损失相比：'
        '损失中可能有很大一部分是任何图像都避免不了的'
    ),
    'a hundredth as such is nothing: weights scale the losses, so measure against the whole '
    'fall': '0.01 这个数本身没有意义：损失随权重缩放，所以要与总的下降相比',
    'look at the matches of the last epoch: at first, many places may have one patch': (
        '应当看最后一个迭代周期的匹配：起初可以有许多位置用同一个块'
    ),
    'a patch that stands at fewer than half of the places is no fault yet': (
        '一个块占的位置不到一半，还不算毛病'
    ),
    'are the matches ever renewed? Compare those of all epochs': (
        '匹配有没有更新过？要比较所有迭代周期的匹配'
    ),
    'does the loss still fall in the second half? Nobody has looked': (
        '没有检查：损失在后半段还下降吗？'
    ),
    'how often does the most frequent patch stand in the picture? Nobody has counted': (
        '没有数：出现最多的块在图像中出现几次？'
    ),
    # repaint
    'it returned numbers that are not finite': '返回的数中有的不是有限的',
    'the energy of the result is {reached}; at most {enough} will do': (
        '结果的能量是 {reached}；不超过 {enough} 才行'
    ),
    'it must return an array of numbers': '应当返回由数组成的数组',
    'the patches are matched once and never again: match anew in each round': (
        '块只匹配了一次：每一轮都应当重新匹配'
    ),
    'nothing holds this to the photograph: the second term of the energy is missing': (
        '没有什么把它拉回照片：缺少能量的第二项'
    ),
    'this is the output that was given, unchanged': '这就是给定的输出，没有改变',
    'alpha weighs the second term, the way back to the photograph, not the first': (
        'alpha 是第二项的权重，即拉回照片的那一项，不是第一项的'
    ),
}
