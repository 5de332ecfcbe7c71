"""Why something cannot be painted, in Chinese: a table with placeholders as of `translation`.

A knob, which the package calls by its flag or its field, is called as on the page. What is not
here is shown in English.
"""

from __future__ import annotations

from typing import Dict

from styletransfer.studio.chinese import NAMES
from styletransfer.train.wish import flag
from styletransfer.translation import Translation

KINDS: Dict[str, str] = {
    'way to paint': '画法',
    'picture on this page': '图片',
    'file or start': '文件或起点',
    'file or bundled content picture': '文件或自带照片',
    'file or bundled style picture': '文件或自带绘画',
    'picture format': '文件格式',
    'way to preserve color': '保留颜色的方法',
    'backbone': '网络',
    'VGG-19 layer': 'VGG-19 层',
    'layer of this network': '层（在这个网络中）',
    'scaling': '损失的缩放',
    'tv': '全变分',
    'optimizer': '优化器',
    'pooling': '汇聚',
    'pixels': '像素单位',
    'style of this network': '风格（在这个网络中）',
    'picture': '画面',
    'painting': '绘画',
    'region': '区域',
    'content': '内容',
    'style': '风格',
    'patch': '图块',
}

REFUSALS: Dict[str, str] = {
    # what was chosen on the page
    'choose a photo, or drop one': '请选一张照片，或拖入自己的',
    'choose a style, or drop a painting': '请选一种风格，或拖入一幅画',
    '{number} styles are too many to mix: choose up to {most}': (
        '{number} 种风格太多，无法混合：最多选 {most} 种'
    ),
    "there is no {KIND} '{name}'; did you mean '{guess}'?": (
        '没有名为“{name}”的{KIND}；是不是“{guess}”？'
    ),
    "there is no {KIND} '{name}'; drop it again": '没有名为“{name}”的{KIND}；请重新拖入',
    "there is no {KIND} '{name}'; known: {names}": '没有名为“{name}”的{KIND}；现有：{names}',
    'no bundled network paints in any style': '自带的网络中没有能画任意风格的',
    'stopped before there was a picture': '还没有画面就停下了',
    # files
    'this is no picture that can be read: use JPEG, PNG or WebP': (
        '无法作为图片读取：请用 JPEG、PNG 或 WebP'
    ),
    'the picture is damaged ({why})': '图片已损坏（{why}）',
    'the file has {size} MB, but at most {most} MB are taken: save a smaller picture': (
        '文件有 {size} MB，最多接受 {most} MB：请存成小一些的图片'
    ),
    'the picture has {width}x{height} pixels, but at most {most} million are taken: save a '
    'smaller one': '图片有 {width}x{height} 像素，最多接受 {most} 百万：请存成小一些的',
    '{most} files are enough for a page: open another': '一页最多放 {most} 个文件：请另开一页',
    'a {ending} has room for {most} pixels a side, but the picture has {side}: choose png': (
        '{ending} 的边长最多 {most} 像素，而画面有 {side}：请选 png'
    ),
    # numbers
    "'{text}' is not a number": '“{text}”不是数',
    "'{text}' is not a whole number": '“{text}”不是整数',
    'it is {text}, but must be a finite number, at most {most}': (
        '给的是 {text}，应当是有限的数，不超过 {most}'
    ),
    'it is {text}, but must be at most {most}': '给的是 {text}，不能超过 {most}',
    'it is {text}, but must be at least 1': '给的是 {text}，至少应为 1',
    'it is {text}, but must not be below 0': '给的是 {text}，不能小于 0',
    "'{text}' is not a shape: give width and height in pixels with the letter x between them, "
    'such as 560x320': '“{text}”不是尺寸：请写像素的宽和高，中间用字母 x，例如 560x320',
    'shape {shape} is too small: the four poolings of VGG need at least {least}': (
        '尺寸 {shape} 太小：VGG 的四次汇聚至少需要 {least}'
    ),
    '{shape} made {scale} times as large is no picture': '{shape} 放大 {scale} 倍，太大了',
    '{NAME} is {value}: it must be a finite number, not below 0': (
        '{NAME}是 {value}：应当是有限的数，不小于 0'
    ),
    '{NAME} is 0: it must be above 0': '{NAME}是 0：应当大于 0',
    'lr_decay is {value}: with it the step size would grow beyond {most}': (
        '“下降倍数”是 {value}：步长会增长到超过 {most}'
    ),
    '{NAME} is {value}: it must be 1 or above': '{NAME}是 {value}：至少应为 1',
    '{NAME} is {value}: it must be a share from 0 to 0.5': (
        '{NAME}是 {value}：应当是 0 到 0.5 的比例'
    ),
    '{NAME} is {value}: it must be from {least} to {most}': (
        '{NAME}是 {value}：应当在 {least} 到 {most} 之间'
    ),
    '{NAME} is {value}: it must be {least} to {most}': (
        '{NAME}是 {value}：应当是 {least} 到 {most}'
    ),
    '{NAME} is {value}: it must be above 0': '{NAME}是 {value}：应当大于 0',
    '{NAME} is {value}: it must be between 0 and 1': '{NAME}是 {value}：应当在 0 与 1 之间',
    "{number} values given for {NAME}, but recipe '{recipe}' has {stages} stages here: {shapes}": (
        '{NAME}给了 {number} 个值，但配方“{recipe}”在这里有 {stages} 个阶段：{shapes}'
    ),
    "recipe '{recipe}' has one stage, so there is no coarse one to give a shape": (
        '配方“{recipe}”只有一个阶段，没有可以给尺寸的第一阶段'
    ),
    '{number} {KIND} layer weights given for {layers} {SAME} layers: {NAME} needs one for each': (
        '{layers} 个{KIND}层给了 {number} 个权重：{NAME}应当每层一个'
    ),
    '{KIND} layer weights must be finite numbers, not below 0': (
        '{KIND}层的权重应当是有限的数，不小于 0'
    ),
    "scaling '{scaling}' gives every picture the same loss, and optimizer '{optimizer}' looks for "
    'smaller ones: choose another of the two': (
        '按“{scaling}”缩放，每幅画面的损失都相同，而优化器“{optimizer}”要找更小的：请换掉其中一个'
    ),
    # several styles, and regions
    '{weights} style weights given for {styles} styles': (
        '{styles} 种风格给了 {weights} 个风格权重'
    ),
    'style weights must be numbers not below 0, and not all 0': (
        '风格权重应当是不小于 0 的数，且不全为 0'
    ),
    '--style-weights mixes styles, but masks keep them apart: leave one out': (
        '份额把风格混合，而区域把它们分开：请去掉其中一个'
    ),
    '--style-weights mixes Gram matrices, but a patch is of one painting or another: leave it '
    'out, or the patches with --patch-layers ,': (
        '份额混合的是 Gram 矩阵，而一个图块只属于一幅画：请去掉它，或把“图块层”写成一个逗号'
    ),
    '--style-mask is given without --content-mask: say with it where in the photo each style '
    'goes': '给了“绘画的区域”，却没有“照片的区域”：请用它指明每种风格去照片的哪里',
    '{styles} styles given for {masks} content masks: give one style for each, or one for all': (
        '{masks} 个照片区域给了 {styles} 种风格：请每个区域一种，或所有区域共用一种'
    ),
    '{style_masks} style masks given for {masks} content masks: give one for each, or none': (
        '{masks} 个照片区域给了 {style_masks} 个绘画区域：请每个一个，或者不给'
    ),
    "mask '{name}' is empty: paint white where its style is to go": (
        '蒙版“{name}”是空的：请在风格要去的地方涂白'
    ),
    '{ways} both say where the regions are: choose one': (
        '区域只能用一种方式指明，而这里有 {ways}：请只选一个'
    ),
    '--content-labels and --style-labels go together: what has the same colour in both is one '
    'region': '照片和绘画的标签图要一起给：两者中颜色相同的是同一个区域',
    '{WAY} is for one style, but {number} are given: with --content-mask each goes to a region of '
    'its own': '{WAY}只适用于一种风格，却给了 {number} 种：用“照片的区域”可以让每种去自己的区域',
    'the label pictures have no plain areas: paint each region in one colour': (
        '标签图中没有纯色的地方：请把每个区域涂成一种颜色'
    ),
    "the photo's labels have a region in {colour}, the painting's have none: paint it there, too, "
    'or join it to another region; the painting has {colours}': (
        '照片的标签图有 {colour} 的区域，绘画的没有：请在那里也涂上，或并入别的区域；'
        '绘画的有 {colours}'
    ),
    '{count} regions cannot be told apart in one of the pictures, only {found}: ask for fewer '
    'with --auto-masks': '有一幅图分不出 {count} 个区域，只能分出 {found} 个：请把“自动分区”调小',
    '{FLAG} says where styles go, but there are no style layers': (
        '{FLAG}指明风格去哪里，但没有风格层'
    ),
    '{REGION} vanishes at {layer}, which sees a picture of {shape} as {small} positions: make the '
    'region or the picture larger, or leave that layer out with {FLAG}': (
        '{REGION}在 {layer} 消失了，那里把 {shape} 的画面看成 {small} 个位置：请把区域或画面放大，'
        '或在{FLAG}中去掉这一层'
    ),
    '{REGION} has no patch of {side} positions at {layer}: make the region or the picture larger, '
    'or leave that layer out with --patch-layers': (
        '{REGION}在 {layer} 没有 {side} 的图块：请把区域或画面放大，或在“图块层”中去掉这一层'
    ),
    # stages, and what the machine can do
    '--epochs leaves out every stage: there is nothing to do': '所有阶段的轮数都是 0：没有可画的',
    'a {OF} of {shape} is too small: make it larger, leave out that stage with --epochs, or turn '
    'and resize the painting less': (
        '{shape} 的{OF}太小：请放大，或把该阶段的轮数设为 0，或少旋转、少缩放绘画'
    ),
    '{layer} sees a {OF} of {shape} as {small} positions, but a patch has {side}: make it larger, '
    'leave out that stage with --epochs, or that layer with --patch-layers': (
        '{layer} 把 {shape} 的{OF}看成 {small} 个位置，而图块有 {side}：请放大，或把该阶段的轮数'
        '设为 0，或在“图块层”中去掉这一层'
    ),
    '{asked} needs about {need} GB of memory, but there are {have} GB: {fits} would fit': (
        '{asked} 大约需要 {need} GB 内存，而这里有 {have} GB：{fits} 放得下'
    ),
    '{shape} pixels are too many for this network, which can paint a picture only as a whole: '
    'there is memory for {most} pixels; try a smaller --shape': (
        '{shape} 像素对这个网络太多，它只能整幅地画：内存够画 {most} 像素；请把“尺寸”调小'
    ),
    'the loss became {total} in epoch {epoch} at {stage}: try a smaller --lr or smaller weights': (
        '在 {stage} 的第 {epoch} 轮，损失成了 {total}：请把“学习率”或各个权重调小'
    ),
    "--output '{folder}' has {free} MB free, about {need} MB are needed: free some space or "
    'choose another folder': '磁盘只剩 {free} MB，大约需要 {need} MB：请腾出空间',
}

LABELS = {name: f'“{label}”' for name, label in NAMES.items()}
FLAGS = {flag(name): label for name, label in LABELS.items()}
# what stands in one place of the page is told with its name before it
PLACES = {f'{name}: {{MESSAGE}}': f'{label}：{{MESSAGE}}' for name, label in FLAGS.items()}

in_chinese = Translation({**KINDS, **LABELS, **FLAGS, **PLACES, **REFUSALS})
