"""What the page says, in English and in Chinese."""

from __future__ import annotations

import re
from typing import Dict, Tuple

from styletransfer.recipes import RECIPES
from styletransfer.studio.chinese import HELP, NAMES, WAYS
from styletransfer.studio.knobs import Knob
from styletransfer.studio.refusals import in_chinese
from styletransfer.train.plan import duration

TEXTS: Dict[str, Tuple[str, str]] = {
    'title': ('Studio', '画室'),
    'about': (
        'A photo becomes a painting, here on this machine. Choose both, choose how, and paint.',
        '照片变成绘画，全在这台机器上完成。选好照片、风格和画法，就可以开始。',
    ),
    'other': ('中文', 'English'),
    'photo': ('Photo', '照片'),
    'style': ('Style', '风格'),
    'own_photo': ('Drop a photo of your own', '拖入自己的照片'),
    'own_style': ('Drop paintings of your own', '拖入自己的绘画'),
    'own_file': ('Drop masks and label pictures', '拖入蒙版或标签图'),
    'shares': ('Share of', '份额：'),
    'how': ('How', '画法'),
    'controls': ('More say in the painting', '更多控制'),
    'painting': ('Size, start, network', '尺寸、起点与网络'),
    'recipe': ('Numbers of the recipe', '配方的数值'),
    'stages': (
        'Numbers of its stages: one for all, or one for each',
        '各阶段的数值：一个，或每阶段一个',
    ),
    'masks': ('Regions, painted with a brush', '用画笔画出区域'),
    'masks_about': (
        'Each colour is where one style goes, in the order in which the styles are chosen; with '
        'one style it goes to all of them. What is left bare stays nearer to the photo.',
        '每种颜色对应一种风格的区域，按所选风格的顺序；只有一种风格时，它用于所有区域。没有涂色的'
        '地方更接近照片。',
    ),
    'canvas': ('Put the photo here', '放入照片'),
    'use_masks': ('Use these regions', '使用这些区域'),
    'masks_used': ('Regions in use:', '正在使用的区域：'),
    'paint': ('Paint', '开始画'),
    'stop': ('Stop and keep', '停下并保留'),
    'go_on': ('Go on', '继续画'),
    'sheet': ('All styles', '所有风格'),
    'sure': ('Paint it', '就这样画'),
    'not_now': ('Not now', '先不画'),
    'long': (
        'This takes {time} here. You can stop at any time and keep what is painted.',
        '在这台机器上需要{time}。可以随时停下，并保留已画的部分。',
    ),
    'waiting': ('Paintings before yours: {before}', '前面还有 {before} 幅画'),
    'beginning': ('Reading the pictures and the network …', '正在读取图片和网络……'),
    'stage': ('stage {stage} of {of}, {title}', '第 {stage}/{of} 阶段，{title}'),
    'epoch': ('epoch {epoch} of {num_epochs}', '第 {epoch}/{num_epochs} 轮'),
    'left': ('{time} left', '还需{time}'),
    'sheet_step': ('{done} of {of} styles', '第 {done}/{of} 种风格'),
    'done': ('Painted in {time}.', '已画好，用时{time}。'),
    'stopped': (
        'Stopped after epoch {epoch} of this stage. The picture so far is kept.',
        '停在本阶段第 {epoch} 轮，已画的部分保留。',
    ),
    'failed': ('This cannot be painted: {message}', '无法画出：{message}'),
    'fault': ('Something went wrong: {message}', '程序出错：{message}'),
    'refused': ('{name} is not taken: {message}', '无法接受 {name}：{message}'),
    'nothing': ('There is nothing to go on with.', '没有可以继续的画。'),
    'busy': ('This page is painting already: stop it first.', '本页正在画：请先停下。'),
    'picture': ('The picture', '画面'),
    'slider': ('Before and after', '前后对比'),
    'curves': ('Losses', '损失'),
    'gallery': (
        'Contact sheet: tap a picture to choose its style',
        '小样：点一张图，选用它的风格',
    ),
    'downloads': ('Download: painting, record, figure', '下载：画、记录、图表'),
    'same': ('The same picture by a command, and from Python', '用命令或 Python 得到同一幅画'),
    'command': ('On the command line', '命令行'),
    'python': ('In Python', 'Python'),
    'one_pass': ('one pass, about a second', '一次前向，约一秒'),
    'goes': (
        'What you drop here, and what is painted, is removed when the page closes.',
        '拖入的文件和画出的图片在关闭页面时删除。',
    ),
}
UNITS = {'second': '秒', 'minute': '分钟', 'hour': '小时', 'day': '天'}


class Words:
    """The words of one language: 'en' or 'zh'."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.chinese = language == 'zh'

    def __call__(self, key: str, **values: object) -> str:
        """Return a text with these values in it."""
        return TEXTS[key][self.chinese].format(**values)

    def time(self, seconds: float) -> str:
        """Return a time as one says it."""
        text = duration(seconds)
        return re.sub(r'about (\d+) (\w+?)s?$', _chinese_time, text) if self.chinese else text

    def refusal(self, message: object) -> str:
        """Return why something cannot be done; the package's own words, if there are no others."""
        return in_chinese(str(message)) if self.chinese else str(message)

    def label(self, knob: Knob) -> str:
        """Return the name of a knob; the field's own, if there is no other."""
        plain = knob.name.replace('_', ' ').capitalize()
        return NAMES.get(knob.name, plain) if self.chinese else plain

    def help(self, knob: Knob) -> str:
        """Return what a knob is for; the field's own words, if there are no others."""
        return HELP.get(knob.name, knob.help) if self.chinese else knob.help

    def way(self, name: str) -> str:
        """Return a way to paint and what it does."""
        if name not in RECIPES:
            about = self('one_pass')
        else:
            about = RECIPES[name].description
            about = WAYS.get(name, about) if self.chinese else about
        return f'{name}: {about}'


def _chinese_time(found: re.Match[str]) -> str:
    return f'约 {found[1]} {UNITS[found[2]]}'
