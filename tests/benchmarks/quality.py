"""How good are the pictures? Several networks paint, and one that painted nothing judges.

``python tests/benchmarks/quality.py --judge FILE [--teacher FILE] --output FOLDER``

Painters, all under the recipe `TUTORIAL` and with the mean activations of ``vgg19_slim`` in every
layer, so that the weights mean the same to each: ``vgg19_slim``; its teacher, where there is one;
a slim VGG-19 with random weights. The judge is any file of VGG weights up to conv3_1, such as the
true VGG-19. Of each picture it says

- style: the distance of the Gram matrices from those of the style picture, over their size,
  averaged over conv1_1, conv2_1 and conv3_1;
- content: the distance of conv3_1 from that of the content picture, over its size.

Both are 0 for equal pictures. The table and the contact sheet go to FOLDER.
"""

import argparse
import json
from pathlib import Path

import styletransfer  # noqa: F401  (before MXNet: it makes newer NumPys acceptable)

# isort: split
import mxnet as mx
import numpy
from PIL import Image, ImageDraw
from tqdm import tqdm

from styletransfer import vgg
from styletransfer.images import load_image, parse_shape, postprocess, preprocess, samples
from styletransfer.losses import gram
from styletransfer.networks import frozen, mean_activations, scaled
from styletransfer.objective import objectives
from styletransfer.recipes import TUTORIAL, with_shape
from styletransfer.synthesis import coarse_to_fine
from styletransfer.weights.fetch import local_weights
from styletransfer.weights.formats import read_weights

PAIRS = (
    ('lake', 'oil_strokes'),
    ('lake', 'woodblock'),
    ('rooftops', 'stained_glass'),
    ('rooftops', 'oil_strokes'),
    ('colosseum', 'ink_wash'),
    ('otter', 'stained_glass'),
)
JUDGED = ('conv1_1', 'conv2_1', 'conv3_1')


def random_convs(seed=0):
    """Return the convolutions of an untrained slim VGG-19."""
    net, _ = vgg.get_net('vgg19_slim', 'random', seed=seed)
    layers = [layer for layer in net if isinstance(layer, mx.gluon.nn.Conv2D)]
    return [(layer.weight.data().asnumpy(), layer.bias.data().asnumpy()) for layer in layers]


def judge(net, result, content, style):
    """Return the relative distances (style, content) of a result."""

    def features(X):
        return vgg.extract_features(net, X, ['conv3_1'], JUDGED)

    (content_hat,), styles_hat = features(result)
    (content_Y,), _ = features(content)
    _, styles_Y = features(style)

    def distance(Y_hat, Y):
        difference = (Y_hat - Y).asnumpy().astype('float64')
        return numpy.linalg.norm(difference) / numpy.linalg.norm(Y.asnumpy().astype('float64'))

    style_distances = [distance(gram(a), gram(b)) for a, b in zip(styles_hat, styles_Y)]
    return numpy.mean(style_distances), distance(content_hat, content_Y)


def contact_sheet(rows, titles):
    """Return one picture of all: a row for each pair, a column for each title."""
    width, height = rows[0][0].size
    sheet = Image.new('RGB', (len(titles) * (width + 8), 20 + len(rows) * (height + 8)), 'white')
    draw = ImageDraw.Draw(sheet)
    for x, title in enumerate(titles):
        draw.text((x * (width + 8) + 4, 4), title, fill='black')
        for y, row in enumerate(rows):
            sheet.paste(row[x], (x * (width + 8), 20 + y * (height + 8)))
    return sheet


def main():
    """Paint, judge, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--judge', type=Path, required=True)
    parser.add_argument('--teacher', type=Path)
    parser.add_argument('--shape', type=parse_shape, default=(560, 320))
    parser.add_argument('--output', type=Path, default=Path('outputs/quality'))
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)

    slim = read_weights(local_weights(vgg.BACKBONES['vgg19_slim'].sources))
    painters = {'vgg19_slim': slim}
    if args.teacher:
        painters['teacher'] = read_weights(args.teacher)[: len(slim)]
    painters['random'] = random_convs()
    photos = [load_image(path) for path in samples('content').values()]
    X = mx.np.concatenate([preprocess(img, (160, 160)) for img in photos])
    like = mean_activations(slim, X)
    nets = {}
    for name, convs in painters.items():
        means = mean_activations(convs, X)
        nets[name] = frozen(scaled(convs, [a / b for a, b in zip(like, means)]))
    judging = frozen(read_weights(args.judge)[:5])
    recipe = with_shape(TUTORIAL, args.shape)

    marks, rows = {name: [] for name in nets}, []
    epochs = len(PAIRS) * len(nets) * sum(stage.num_epochs for stage in recipe.stages)
    bar = tqdm(total=epochs, unit=' epochs', mininterval=1)
    for content_name, style_name in PAIRS:
        content = load_image(samples('content')[content_name], args.shape)
        style = load_image(samples('style')[style_name], args.shape)
        content_X, style_X = preprocess(content, args.shape), preprocess(style, args.shape)
        pictures = [content_X, style_X]
        for name, net in nets.items():
            loss_at = objectives(net, recipe, content, style, mx.cpu())
            result = coarse_to_fine(loss_at, recipe, content, mx.cpu(), lambda step: bar.update())
            # what is judged is what one sees: clipped to the colours a screen can show
            result = preprocess(postprocess(result) * 255, args.shape)
            marks[name].append(judge(judging, result, content_X, style_X))
            pictures.append(result)
        rows.append(
            [
                Image.fromarray((postprocess(X) * 255).asnumpy().round().astype('uint8'))
                for X in pictures
            ]
        )
    bar.close()
    contact_sheet(rows, ['content', 'style', *nets]).save(args.output / 'sheet.png')

    print('| pair | ' + ' | '.join(f'{name}: style, content' for name in nets) + ' |')
    print('|---|' + '---|' * len(nets))
    for i, pair in enumerate(PAIRS):
        cells = [f'{marks[name][i][0]:.3f}, {marks[name][i][1]:.3f}' for name in nets]
        print(f'| {" + ".join(pair)} | ' + ' | '.join(cells) + ' |')
    means = {name: numpy.mean(marks[name], axis=0).tolist() for name in nets}
    print('| mean | ' + ' | '.join(f'{s:.3f}, {c:.3f}' for s, c in means.values()) + ' |')
    (args.output / 'quality.json').write_text(
        json.dumps({'shape': args.shape, 'pairs': PAIRS, 'marks': marks, 'means': means}, indent=2)
    )


if __name__ == '__main__':
    main()
