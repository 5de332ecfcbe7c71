"""The hints of the tasks of chapter 22, in Chinese."""

TEXTS = {
    # cycle_slopes
    'this is the slope of the mean square: that of an absolute value is a sign': (
        '这是均方的斜率：绝对值的斜率是符号'
    ),
    'this is the slope of a sum: the loss is a mean over all entries of X': (
        '这是求和的斜率：损失是对 X 的所有元素取平均'
    ),
    'the slope of `there` is not 0: the loss depends on it through what it painted': (
        '`there` 的斜率不是 0：损失通过它画出的东西依赖于它'
    ),
    'the sign is turned round: the loss grows with back there X where that is above X': (
        '符号反了：在去而复回的值大于 X 的地方，损失随它增大'
    ),
    'both are right, but in the other order: first of `there`, then of `back`': (
        '两个都对，但次序反了：先 `there` 的，后 `back` 的'
    ),
    'these are transposed: a slope has the shape of what it belongs to': (
        '这些是转置：斜率的形状与它所属的矩阵相同'
    ),
    # shown_from_pool
    'this is the broken function still: write down by hand what a pool of 2 shows in six steps': (
        '这还是那个有毛病的函数：动手写出容量为 2 的池在六步里展示什么'
    ),
    'while the pool is filled the new picture is shown, not one of those that are kept': (
        '池还没有装满时，展示的是新图，而不是存着的某一幅'
    ),
    'a picture goes into the pool when an old one is shown, not when it is shown itself': (
        '展示旧图时，新图才进池；展示新图时，它不进池'
    ),
    'a picture that is shown at once must not go into the pool as well': (
        '立刻展示的图不应再放进池里'
    ),
    'what is kept never changes: whoever is shown from the pool gives up the place': (
        '存着的图从不改变：从池里拿出来展示的图要让出位置'
    ),
    'below one half an old picture is shown, else the new one: here it is the other way': (
        '小于二分之一时展示旧图，否则展示新图：这里正好相反'
    ),
    'these are the new pictures: there is no memory in it': '这些都是新图：里面没有记忆',
    # six_painters
    'begin with the painting after `there`: two runs were never told that it ought to stay as '
    'it is': '先看那幅画经过 `there` 之后：有两次运行从来没有被告知它应当保持不变',
    'two runs were never asked to come back: in which rows is the return worst?': (
        '有两次运行从来没有被要求回来：哪些行的返回最差？'
    ),
    'three runs are left: of one the critic has hardly begun either; of the other two one does '
    'not listen to its critic': (
        '还剩三次运行：其中一次连判别器也几乎还没有开始；另外两次中，有一次不听判别器的'
    ),
    # line_duel
    'the loss of the critics is halved': '判别器的损失要减半',
    'the critics see what was painted with the painters as they are now: they are to see what '
    'the painters were judged by': (
        '这里判别器看到的是生成器更新之后画的图：应当看评判生成器时用的那些图'
    ),
    'the critics move first: painters do, then critics': (
        '这里判别器先走：应当生成器先走，再是判别器'
    ),
    'one half of the cycle is missing: there and back of A, and back and there of B': (
        '循环少了一半：A 去而复回，B 也要回而复去'
    ),
    'the cycle loss is missing': '缺少循环损失',
    'the identity loss is missing': '缺少恒等损失',
    'the weights are missing: 10 for the cycle, 5 for identity': ('缺少权重：循环是 10，恒等是 5'),
    'the wrong critic judges: what `there` paints is to look like B': (
        '评判的判别器不对：`there` 画出的应当像 B'
    ),
    'in the cycle only the second painter learns: the slope goes on into the first one': (
        '循环中只有第二个生成器在学习：斜率还要继续传到第一个'
    ),
    'these are sums over the numbers of A and B: take means': (
        '这里对 A 和 B 的数求了和：应当取平均'
    ),
    'this is one step: take `steps` of them': '这只是一步：应当走 `steps` 步',
}
