"""The hints of the task of an own picture, in Chinese."""

TEXTS = {
    'it must return a dict with the keys {keys}': ('应当返回以 {keys} 为键的字典'),
    '{part} is still empty: write it as a text in quotes': ('{part} 还是空的：请写成引号中的文字'),
    "'settings' must be a list of three, not {GOT}": (
        "'settings' 应当是三项的列表，现在是：{GOT}"
    ),
    'the three settings must differ: change one thing at a time': (
        '三种设置应当各不相同：一次只改变一样东西'
    ),
    'the paragraph has {count} words, and needs {least}: what did you expect, what '
    'came, and which of the three do you like?': (
        '这段话有 {count} 个词，至少要 {least} 个：你原先预期什么，结果如何，三幅中你喜欢哪一幅？'
    ),
}
