"""The hints of the tasks that are derived on paper, in Chinese."""

TEXTS = {
    # gram_gradient
    'half of it: X stands in G twice, and each of the two has a derivative': (
        '只有一半：X 在 G 中出现两次，两次都有导数'
    ),
    'a quarter of it: the square has a factor 2, and X stands in G twice': (
        '只有四分之一：平方带来因子 2，而 X 在 G 中出现两次'
    ),
    'G has X divided by c * h * w in it: so has its derivative': (
        'G 中有除以 c * h * w：它的导数也一样'
    ),
    'the loss is a mean: divide by how many entries all the Gram matrices have': (
        '损失是平均值：要除以所有格拉姆矩阵的元素总数'
    ),
    'the mean is over the pictures too: n * c * c entries in all': (
        '平均值也遍及各幅图像：一共有 n * c * c 个元素'
    ),
    'the mean is over the entries of the Gram matrices, not over those of X': (
        '平均值遍及格拉姆矩阵的元素，而不是 X 的元素'
    ),
    'this points downhill: the gradient points where the loss grows': (
        '这指向下坡：梯度指向损失增大的方向'
    ),
    'the difference keeps its sign in the gradient of a square': ('在平方的梯度里，差要保留符号'),
    'the square is gone in the derivative: G - A is there once': (
        '求导之后平方就没有了：G - A 只出现一次'
    ),
    'the target is missing: it is G - A that is multiplied by X, not G': (
        '缺少目标：与 X 相乘的是 G - A，而不是 G'
    ),
    # same_weights
    'the other way round: where the loss is larger, the weight must be smaller': (
        '弄反了：损失越大，权重就要越小'
    ),
    'the loss has the square of G: what G is multiplied by, counts twice': (
        '损失里是 G 的平方：G 乘上的倍数要算两次'
    ),
    'the first two are right; a Gram matrix has c * c entries to be added up': (
        '前两个对了；格拉姆矩阵有 c * c 个元素要相加'
    ),
    'the first two are right; a sum is the mean times how many entries there are': (
        '前两个对了；总和等于平均值乘以元素的个数'
    ),
    'the second divides by nothing: its G is c * h * w times ours': (
        '第二个程序什么也不除：它的 G 是我们的 c * h * w 倍'
    ),
    'the first divides by h * w as ours does: what it leaves out is c': (
        '第一个程序与我们一样除以 h * w：它少除的是 c'
    ),
    'the third has our G, and only adds up its c * c entries': (
        '第三个程序的 G 与我们的相同，只是把 c * c 个元素相加'
    ),
    # paper_gradient
    'right behind the ReLU; where the ReLU is 0, it is so on both sides: nothing can '
    'be felt there': (
        '在 ReLU 之后是对的；但在 ReLU 为 0 的地方，稍有改变它仍是 0：那里感觉不到任何东西'
    ),
    'the factor behind G - A is what G is made of: F, and not Y': (
        'G - A 后面的因子是构成 G 的那个矩阵：是 F，而不是 Y'
    ),
    'the 4 is cancelled: the square brings 2, and F stands in G twice': (
        '4 被约掉了：平方带来 2，而 F 在 G 中出现两次'
    ),
    'half of it: F stands in G twice, and each of the two has a derivative': (
        '只有一半：F 在 G 中出现两次，两次都有导数'
    ),
    'four times too much: the 4 in front of the sum divides': (
        '是正确值的四倍：求和号前面的 4 是除数'
    ),
    'N and M are squared, as in the loss': ('N 和 M 都要平方，与损失中一样'),
    'the sum is right, but not divided by N^2 M^2': ('求和对了，但没有除以 N^2 M^2'),
    'the target is missing: it is G - A that is multiplied by F, not G': (
        '缺少目标：与 F 相乘的是 G - A，而不是 G'
    ),
}
