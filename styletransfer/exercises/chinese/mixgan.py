"""The hints of the tasks of chapter 23, in Chinese."""

TEXTS = {
    # frozen_decoder
    'these codes are C^T X: they are the best ones only if the columns of C are orthonormal': (
        '这些编码是 C^T X：只有当 C 的各列标准正交时，它们才是最优的'
    ),
    'the slope is right; this is the share that the codes do say: which one is missed?': (
        '斜率对了；这是编码说出的比例：没有说出的是多少？'
    ),
    'the slope is right; the share is one of sums of squares, without a root': (
        '斜率对了；比例是平方和之比，不开方'
    ),
    'the slope is right; the first number is a share: divide by the squares of X': (
        '斜率对了；第一个数是比例：要除以 X 的平方和'
    ),
    'the share is right; the slope is to be that of E, not that of the share': (
        '比例对了；斜率应当是 E 的，不是比例的'
    ),
    'the share is right; the slope of a square has a 2': '比例对了；平方的斜率里有一个 2',
    'the share is right; the slope has the other sign: C Z is subtracted from X': (
        '比例对了；斜率的符号反了：是从 X 中减去 C Z'
    ),
    'the share is right; the slope has the shape of C': '比例对了；斜率的形状应当与 C 相同',
    'the other way round: the share first, then the slope': '次序反了：先比例，后斜率',
    # between_codes
    'this is the straight line: its middle is shorter than both ends': (
        '这是直线：它的中点比两端都短'
    ),
    'the directions are right; the length is to go from that of z to that of w, evenly': (
        '方向对了；长度应当从 z 的长度均匀地变到 w 的长度'
    ),
    'the lengths are right, the directions are those of the line: equal steps of t are to be '
    'equal angles': '长度对了，方向却是直线上的：t 走相等的步，角度也应当走相等的步',
    'the weights are right, but they belong to the directions: make z and w of length 1 first, '
    'and see to the length in the end': (
        '权重对了，但它们应当用在方向上：先把 z 和 w 的长度变成 1，最后再处理长度'
    ),
    'right, but from w to z: at t = 0 it is to be z': '对了，只是从 w 走到了 z：t = 0 处应当是 z',
    # five_mixers
    'begin with what the codes say: one decoder says nothing at all, and one has too little '
    'room': '先看编码所说的：一个解码器什么也没有说，一个地方太小',
    'look at the colours: who has hardly been told what the style is?': (
        '看颜色：谁几乎没有被告知风格是什么样的？'
    ),
    'two runs are left: one critic knows only colours and textures, the other asks for shapes '
    'as well': '还剩两次运行：一个判别器只知道颜色和纹理，另一个还要求形状',
    # mixture
    'it must return codes and pictures, not {GOT}': '应当返回编码和图像，现在返回的是：{GOT}',
    'it must return an array of shape {shape} there, not {GOT}': (
        '那里应当返回形状为 {shape} 的数组，现在返回的是：{GOT}'
    ),
    'some numbers are not finite': '有的数不是有限的',
    'the best decoder of these codes misses {times} times as much as it need: at most {enough} '
    'is right; which k directions say most of the content?': (
        '对这些编码来说，最好的解码器丢掉的是必要的 {times} 倍：不超过 {enough} 倍才对；'
        '哪 k 个方向最能说明内容？'
    ),
    'the codes say enough, but their mean is not 0: the prior is N(0, 1)': (
        '编码说得够了，但均值不是 0：先验是 N(0, 1)'
    ),
    'the codes say enough, but they are no draws of N(0, 1): the variance of each number over '
    'the pictures is to be 1, and no two are to go together': (
        '编码说得够了，但不像从 N(0, 1) 中抽取的：每个数在各图上的方差应当是 1，'
        '而且任何两个数不应相关'
    ),
    'the codes are right; the colours are not those of the style: sort the values of a channel, '
    'of all pictures together, and compare with the sorted ones of the style': (
        '编码对了；颜色却不是风格的：把一个通道在所有图像中的值一起排序，与风格排序后的值比较'
    ),
    'codes and colours are right, but the content is lost: in each channel the lighter pixel is '
    'to be the one that the code says is lighter': (
        '编码和颜色都对了，内容却丢了：在每个通道里，较亮的像素应当是编码说较亮的那个'
    ),
}
