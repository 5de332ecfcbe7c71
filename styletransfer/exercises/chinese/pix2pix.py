"""The hints of the tasks of chapter 21, in Chinese."""

TEXTS = {
    # softened_slopes
    'both slopes are right, but the loss is infinite where the critic is sure: exp of a large '
    'score is no number; numpy.logaddexp(0, s) is log(1 + exp(s)) for every s': (
        '两个斜率都对，但在判别器很有把握的地方损失是无穷大：很大的分数的 exp 不是数；'
        '对任何 s，numpy.logaddexp(0, s) 就是 log(1 + exp(s))'
    ),
    'this is the loss with hard labels: what is real is to be called real with `label` only': (
        '这是硬标签的损失：真实的图块只应以概率 `label` 被判为真'
    ),
    'the label of what is painted is softened, too: it stays 0': (
        '画出的图块的标签也被软化了：它仍应是 0'
    ),
    'everything is twice too large: the critic pays half of both terms': (
        '全都大了一倍：判别器只付两项之和的一半'
    ),
    'these are sums over the patches: take the mean of each map': (
        '这是对图块求和：应当对每张分数图取平均'
    ),
    'the loss is right; the slope for real scores is not: the part with the label has a slope, '
    'too': '损失对了；真实分数的斜率不对：带标签的那一部分也有斜率',
    'the loss is right; each slope is too large by the number of scores: a score is one of many '
    'in a mean': '损失对了；每个斜率都大了“分数个数”倍：一个分数只是平均值里的许多个之一',
    'the loss is right; both slopes have the other sign': '损失对了；两个斜率的符号都反了',
    'right, but turned round: first the slope for the real scores': (
        '对了，只是次序反了：先是真实分数的斜率'
    ),
    # seen_by
    'right inside the picture; but pixels below 0 or from `side` on do not exist': (
        '在图像内部是对的；但是小于 0 的像素和从 `side` 起的像素并不存在'
    ),
    'the zeros before the border are left out: with p of them, place 0 begins at -p': (
        '漏掉了边界前面的零：有 p 个零时，位置 0 从 -p 开始'
    ),
    'it goes through the rows from the first to the last: begin at the scores': (
        '这是从第一层走到最后一层：应当从分数开始往回走'
    ),
    'the last pixel is one too far: a kernel of k ends k - 1 behind its beginning': (
        '最后一个像素多走了一步：大小为 k 的卷积核结束于起点之后 k - 1 处'
    ),
    'this lays the receptive field around i times the stride: where the field begins depends on '
    'the zeros of every row': (
        '这是把感受野放在 i 乘总步幅的周围：感受野从哪里开始，取决于每一层的零'
    ),
    # five_weights
    'begin with the two runs in which one of the terms is missing: who asks for sharp pictures '
    'there, and who asks for the right ones?': (
        '先看缺少一项的两次运行：那里由谁要求清晰的图像，又由谁要求正确的图像？'
    ),
    'three runs are left, with both terms: which column does the weight of the distance make '
    'smaller, and what does that cost the critic, or spare it?': (
        '还剩三次两项俱全的运行：距离的权重使哪一列变小？这让判别器更难，还是更容易？'
    ),
    # five_duels
    'it must return two strings, faults and mendings, not {GOT}': (
        '应当返回两个字符串，毛病和改法，现在返回的是：{GOT}'
    ),
    'begin with the three duels that paint alike; their curves decide: does the critic learn, '
    'and does the painter give in to it, run from it, or not hear of it?': (
        '先看画得一样的三局，由曲线来定：判别器在学习吗？生成器是顺从它、躲开它，还是根本听不到它？'
    ),
    'two duels are left, and their pictures decide: do they follow the drawings, and how far have '
    'they come?': '还剩两局，由图像来定：它们跟随线稿吗，走到了哪一步？',
    'the faults are right; read again which line belongs to which of them': (
        '毛病都对了；再读一遍，哪一行对应哪个毛病'
    ),
    # both_move
    "the critic's step is right; the painter has moved against the critic as it was before": (
        '判别器的一步对了；生成器面对的却是更新之前的判别器'
    ),
    'the critic has moved twice as far: half of its loss is missing': (
        '判别器走了两倍远：它的损失少了那个二分之一'
    ),
    'the critic learns the wrong way round: the pairs with Y are the real ones': (
        '判别器学反了：带 Y 的那些对才是真的'
    ),
    'the critic is right; the painter makes log(1 - p) small: it should make -log p small': (
        '判别器对了；生成器在减小 log(1 - p)：它应当减小 -log p'
    ),
    "the painter's distance is a mean over pixels and a sum over colours: it is the mean over "
    'both': '生成器的距离对像素取了平均，对颜色却是求和：两者都应取平均',
    "the slope of the painter's tanh is missing: 1 - tanh^2": (
        '缺少生成器的 tanh 的斜率：1 - tanh^2'
    ),
    'below 0 the hidden layer has the slope 0.2, backward as well as forward': (
        '在 0 以下，隐藏层的斜率是 0.2，前向与反向都是'
    ),
    'the painter goes where the critic wants X to go: its picture is the second half of the '
    'pair': '生成器走向了判别器希望 X 去的方向：它的图像是一对中的后一半',
    'the painter is right, but the critic comes back as it was: return the new one': (
        '生成器对了，但判别器原样返回了：应当返回新的'
    ),
    'both walk uphill: subtract the slope': '两者都在上坡：应当减去斜率',
}
