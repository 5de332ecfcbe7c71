"""What a report says, in Chinese."""

TEXTS = {
    '# {student}: {points} of {out_of} points': '# {student}：{points} 分，满分 {out_of} 分',
    '| task | points | |': '| 题目 | 得分 | |',
    'correct': '正确',
    'not yet - {HINT}': '还不对——{HINT}',
    '`check(name, function, seed={seed})` tries the same data again.': (
        '`check(name, function, seed={seed})` 会再用同样的数据试一次。'
    ),
    # the page of the class
    'The gallery of the class': '全班的画廊',
    'by': '作者',
    'photograph': '照片',
    'style picture': '风格图像',
    'settings': '设置',
    # why there are no points
    'there is no function {name} in the notebook': '笔记本里没有函数 {name}',
    'ran longer than {seconds} seconds: does a loop never end?': (
        '运行超过了 {seconds} 秒：是不是有一个永不结束的循环？'
    ),
    'the function ended Python, or could not be stopped': '函数结束了 Python，或者无法中止',
    'the check broke off': '检查中断了',
    'what it returned is too large: more than 4 MB, of arrays 64 MB': (
        '它返回的东西太大：数组超过 64 MB，或其余超过 4 MB'
    ),
    'not reached in the time that a notebook has': '在一个笔记本的时限之内没有轮到',
    'not graded': '没有评分',
    'not handed in': '没有提交',
    # notes
    'stopped: {seconds} seconds were not enough': '已停止：{seconds} 秒不够',
    'code cell {i} {WHAT}: left out': '第 {i} 个代码单元{WHAT}：已略去',
    'ran longer than {seconds} seconds': '运行超过了 {seconds} 秒',
    'ended Python': '结束了 Python',
    '{file} holds no function of any task': '{file} 里没有任何一道题的函数',
    'its judge broke off (status {code}): mark it again': '评判中断了（状态 {code}）：请再评一次',
    'grading of {file} broke off ({error})': '{file} 的评分中断了（{error}）',
    "cannot read notebook '{file}': {WHY}": "无法读取笔记本 '{file}'：{WHY}",
    'no such file': '没有这个文件',
    'not a regular file': '不是普通文件',
    "'{file}' has the model answers: it stays with teachers": "'{file}' 是参考答案，只给教师",
    "'{file}' has more than {size} MB: clear its outputs": "'{file}' 超过 {size} MB：请清除输出",
    "'{file}' is not a notebook ({error})": "'{file}' 不是笔记本（{error}）",
    "'{file}' is not a notebook: it has no list of cells": (
        "'{file}' 不是笔记本：其中没有单元的列表"
    ),
    "'{file}' is not a notebook: its cell {number} has no text": (
        "'{file}' 不是笔记本：它的第 {number} 个单元没有文字"
    ),
}
