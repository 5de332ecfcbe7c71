"""What every check may say, in Chinese."""

TEXTS = {
    '{name}: correct': '{name}：正确',
    '{name}: not yet - {HINT}': '{name}：还不对——{HINT}',
    '{name}: not yet - {HINT} [seed {seed}]': '{name}：还不对——{HINT} [seed {seed}]',
    # the answer itself
    "still empty: write your code in place of 'raise NotImplementedError'": (
        "还是空的：把 'raise NotImplementedError' 换成你的代码"
    ),
    "there is no {KIND} '{name}'; {HINT}": "没有名为 '{name}' 的{KIND}；{HINT}",
    'task': '题',
    "did you mean '{near}'?": "是不是 '{near}'？",
    'known: {names}': '现有：{names}',
    "give your function too: check('{name}', {function})": (
        "还要给出你的函数：check('{name}', {function})"
    ),
    "check needs the function itself, without brackets: check('{name}', {function}); it was "
    'given {GOT}': "check 需要函数本身，不带括号：check('{name}', {function})；现在给的是：{GOT}",
    "this is the package's own function: write yours, then compare the two": (
        '这是软件包自己的函数：请先写你自己的，再比较两者'
    ),
    'this task is to be solved without {module}: write it out': (
        '本题不能使用 {module}：请自己写出来'
    ),
    'your function is called with {ARGUMENTS}, but is defined as {name}{signature}: keep the '
    'first line as it was given': (
        '调用你的函数时给出 {ARGUMENTS}，而它的定义是 {name}{signature}：第一行请保持原样'
    ),
    '1 argument': '1 个参数',
    '{count} arguments': '{count} 个参数',
    'your code raised {error}': '你的代码引发了 {error}',
    'your code raised {error} (line {line})': '你的代码引发了 {error}（第 {line} 行）',
    'your code raised {error} (line {line}: {source})': (
        '你的代码引发了 {error}（第 {line} 行：{source}）'
    ),
    # what it returned
    'it returned nothing (None): is the return missing?': (
        '什么也没有返回（None）：是不是缺少 return？'
    ),
    'what it returned cannot be checked ({error})': '返回的东西无法检查（{error}）',
    'the result is right, but your function changes what it was given: compute new arrays, for '
    'instance x - y in place of x -= y': (
        '结果对了，但你的函数改动了给它的数组：请计算新数组，例如用 x - y 代替 x -= y'
    ),
    'it returns the same for different arguments: compute it from what it is given': (
        '参数不同，返回的却一样：应当由给定的参数计算'
    ),
    'it must return {WANTED}, not {GOT}': '应当返回{WANTED}，现在返回的是：{GOT}',
    'it must return {WANTED}, not of shape {shape}': '应当返回{WANTED}，现在的形状是 {shape}',
    'an array': '数组',
    'one number': '一个数',
    '{KIND} of shape {shape}': '形状为 {shape} 的{KIND}',
    'one number, of shape ()': '一个数，形状为 ()',
    'it must return True or False, not {GOT}': '应当返回 True 或 False，现在返回的是：{GOT}',
    'it must return a dict with the keys {keys}, not {GOT}': (
        '应当返回键为 {keys} 的字典，现在返回的是：{GOT}'
    ),
    'it must return {count} things, in a list or tuple, not {GOT}': (
        '应当返回 {count} 样东西，放在列表或元组里，现在返回的是：{GOT}'
    ),
    'it must return {count} things, not {number}': '应当返回 {count} 样东西，现在有 {number} 样',
    'it must return a {kind}, not {GOT}': '应当返回 {kind}，现在返回的是：{GOT}',
    'item {i}: {LINE}': '第 {i} 项：{LINE}',
    "'{key}': {LINE}": "'{key}'：{LINE}",
    'it returned {got} where {right} is right': '返回了 {got}，应当是 {right}',
    'it returned {got}, which is not right here': '返回了 {got}，在这里不对',
    'it returned NaN, which is not a number: was something divided by 0?': (
        '返回了 NaN，它不是数：是不是除以了 0？'
    ),
    'the number is not right: it returned {got} for {right}': (
        '数不对：返回了 {got}，应当是 {right}'
    ),
    'the shape is right, the numbers are not: they are up to {error} off': (
        '形状对了，数不对：最多相差 {error}'
    ),
    # what a value is
    'an array of shape {shape}': '形状为 {shape} 的数组',
    'an empty str': '空的 str',
    'a {kind}': '一个 {kind}',
    'a {kind} of {count}': '含 {count} 项的 {kind}',
    'one with {keys}': '键为 {keys} 的字典',
}
