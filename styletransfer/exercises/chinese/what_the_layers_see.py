"""The hints of the tasks of chapter 2, in Chinese."""

TEXTS = {
    # receptive_field
    'behind a pooling, neighbours are twice as far apart in the picture: what the next '
    'convolutions add doubles each time': (
        '经过一次汇聚，相邻的两个数在图像上的距离就加倍：后面的卷积增加的量每次都要乘以二'
    ),
    'the poolings are counted, but behind each of them neighbours are twice as far '
    'apart: double what each later layer adds, and how far apart the places are': (
        '汇聚层算进去了，但在每个汇聚层之后，相邻的数相距两倍远：后面各层增加的量要加倍'
        '，位置之间的距离也要加倍'
    ),
    'a 2x2 pooling looks at two neighbours and so widens the field too, by one distance': (
        '2 乘 2 的汇聚看两个相邻的数，所以也会扩大感受野，增加一个间距'
    ),
    'the place i of a pooling has the places 2 i and 2 i + 1 in front of it: it widens '
    'the field to the right': (
        '汇聚层的第 i 个位置来自前面的第 2 i 个和第 2 i + 1 个位置：感受野向右变宽'
    ),
    'one too far: the last column that is seen, not the one behind it': (
        '多了一列：应当是看得到的最后一列，而不是它后面的那一列'
    ),
    'a 3x3 convolution adds one neighbour on each side, not two': (
        '3x3 卷积在每一侧只多看一个相邻像素，而不是两个'
    ),
    'this is what place 0 sees: move it by the place times how far places are apart': (
        '这是第 0 个位置看到的：请移动，移动量是位置乘以相邻位置之间的距离'
    ),
    'neighbours of a deep layer are several pixels apart: move by the place times that': (
        '深层中相邻的位置相距好几个像素：移动量是位置乘以这个距离'
    ),
    'beyond the border there are zeros, and they count: the first column may be below 0': (
        '边界之外是零，也要算进去：第一列可以小于 0'
    ),
    'this is how wide the field is: its first and its last column are asked for': (
        '这是感受野的宽度：要返回的是它的第一列和最后一列'
    ),
    # growing_sets
    'all sets are the same: appending to one list and storing it each time stores one list '
    'many times, so copy it': (
        '所有的组都一样：如果往同一个列表里追加，每次存下的都是这同一个列表，所以要存副本'
    ),
    'each set holds one layer: they should grow, each holding those before as well': (
        '每一组只有一层：各组应当逐步增大，每一组都包含前面的层'
    ),
    'the last set, with all layers, is missing': '缺少最后一组，也就是包含所有层的那一组',
    'the first set is empty and the last is missing: layers[:i] stops before i': (
        '第一组是空的，又缺少最后一组：layers[:i] 到 i 之前为止'
    ),
    'there is an empty set in front: begin with the first layer': (
        '最前面多了一个空的组：从第一层开始'
    ),
    'the sets shrink: begin with the first layer alone': '各组在缩小：应当从只有第一层的组开始',
    'these end with the last layer each time: they should begin with the first': (
        '这些组都以最后一层结尾：它们都应当从第一层开始'
    ),
    'it must return a list of lists of layers, not a {kind}': (
        '应当返回层的列表的列表，现在返回的是一个 {kind}'
    ),
    'each set is a list of layers, even the first, which has just one': (
        '每一组都是层的列表，只有一层的第一组也是'
    ),
    'each set is a list of layers, not a {kind}': '每一组应当是层的列表，现在是一个 {kind}',
    # content_only
    'total variation is still asked for: with it, smoothness would be mistaken for what the '
    'layer remembers': '仍然要求了全变分：这样就会把平滑误认为是这一层记住的东西',
    'style and total variation are still asked for: set their weights to 0': (
        '仍然要求了风格和全变分：把它们的权重设为 0'
    ),
    'style is still asked for: set its weight to 0': '仍然要求了风格：把它的权重设为 0',
    'the content layer is still the old one': '内容层还是原来的',
    "the recipe's own content layer is still there: ask for the given one only": (
        '配方自己的内容层还在：只要求给定的那一层'
    ),
    'leave content_weight as the recipe has it': 'content_weight 要保持配方原来的值',
    'it must return a Recipe, made by replace, not a {kind}': (
        '应当返回用 replace 得到的 Recipe，现在返回的是一个 {kind}'
    ),
    # relative_error
    'this is the error itself: channels with large outputs would look bad, so divide '
    'by the variance of Y': ('这是误差本身：输出大的通道会显得很差，所以要除以 Y 的方差'),
    'this is one number for the whole layer, as in the chapter: here each channel has its own': (
        '这是整层的一个数，与章节里一样：这里每个通道各有一个'
    ),
    'each channel is divided by its own variance, not by that of the whole layer': (
        '每个通道除以自己的方差，而不是整层的方差'
    ),
    'mean and variance are over the pictures too: divide once, not picture by picture': (
        '均值和方差也遍及各幅图像：只除一次，不要逐幅图像相除'
    ),
    'this divides a square by a standard deviation: divide by the variance, its square': (
        '这是用平方除以标准差：应当除以方差，即标准差的平方'
    ),
    'this divides by the mean square of Y: the variance is about its mean': (
        '这里除以的是 Y 平方的平均值：方差是相对于均值的'
    ),
    'divide by the variance of Y, what should come out, not of Y_hat': (
        '应当除以 Y 的方差，它才是目标，而不是 Y_hat 的方差'
    ),
    'this is the square root of what is asked for': '这是所求结果的平方根',
    'this is the share that was rebuilt: the error is 1 minus that': (
        '这是重建出来的份额：误差是 1 减去它'
    ),
    'take the square of the difference, not its absolute value': '应当取差的平方，而不是绝对值',
    # gram_numbers
    'G is symmetric: half of the numbers beside the diagonal repeat': (
        'G 是对称的：对角线以外的数有一半是重复的'
    ),
    'the diagonal counts too: it has c numbers': '对角线也要算：它有 c 个数',
    'not quite half of c * c: the diagonal is there only once': (
        '不恰好是 c * c 的一半：对角线上的数只出现一次'
    ),
    'this is the diagonal only': '这只是对角线',
}
