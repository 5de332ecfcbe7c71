"""Does a photograph stay one? The recipe `photo` beside the plain recipe with the same masks.

``python tests/benchmarks/photorealism.py FOLDER [--pairs 14,30] [--shape 700x467] --output OUT``

FOLDER has pairs as Luan et al. publish them: ``input/inN.png``, ``style/tarN.png``, and labels of
both, ``segmentation/inN.png`` and ``segmentation/tarN.png``. Of each pair two pictures are made,
one by the recipe and one by the same without the matting Laplacian and without the filter, which
is the method of Gatys et al. with masks. Told are, before the filter and after it,

- realism: the energy of the one under the photo's matting Laplacian over that of the other;
- style, region by region: the mean over the style layers of the distance of the Gram matrix from
  that of the painting's region, over its size; that of the one over that of the other.

The table, pictures and figures go to OUT.
"""

import argparse
import json
import time
from pathlib import Path

import styletransfer  # noqa: F401  (before MXNet: it makes newer NumPys acceptable)

# isort: split
import mxnet as mx
import numpy
from figures import matting_energy
from quality import contact_sheet

from styletransfer.controls import Style, guide, guided, style_grams
from styletransfer.images import as_picture, postprocess, preprocess
from styletransfer.losses import gram
from styletransfer.machine import peak_memory
from styletransfer.regions import masks
from styletransfer.train.job import make_job
from styletransfer.train.wish import wish_of
from styletransfer.vgg import extract_features

PLAIN = {'matting_weight': 0.0, 'affine_radius': 0}


def style_distances(img, job):
    """Return, region by region, how far the style of a picture in 0-1 is from the painting."""
    recipe, net, pictures = job.recipe, job.network.net, job.pictures
    shape, device = recipe.stages[-1].image_shape, mx.cpu()
    X = preprocess(img * 255, shape, *recipe.mean_std)
    _, styles_Y_hat = extract_features(net, X, (), recipe.style_layers)
    distances = []
    for ours, theirs in zip(masks(pictures.regions.content), masks(pictures.regions.style)):
        style = Style(pictures.styles[0], mask=mx.np.array(theirs))
        wanted = style_grams(net, recipe, style, shape, device)
        where = guide(mx.np.array(ours), net, recipe, shape, device)
        found = [gram(Y) for Y in guided(styles_Y_hat, [where])]
        shares = [
            float(mx.np.linalg.norm(G - A) / mx.np.linalg.norm(A)) for G, A in zip(found, wanted)
        ]
        distances.append(numpy.mean(shares))
    return distances


def painted(**asked):
    """Return a job, its picture before and after the filter, and the seconds it took."""
    start = time.perf_counter()
    job = make_job(wish_of({'recipe': 'photo', 'quiet': True, **asked}))
    X = job.paint()
    img = job.finished(X)
    return job, postprocess(X, *job.recipe.mean_std), img, time.perf_counter() - start


def main():
    """Paint, judge, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('folder', type=Path)
    parser.add_argument('--pairs', default='14')
    parser.add_argument('--shape', default='700x467')
    parser.add_argument('--epochs')
    parser.add_argument('--output', type=Path, default=Path('outputs/photorealism'))
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    numbers = {'num_epochs': args.epochs} if args.epochs else {}
    rows, record = [], {}
    print('| pair | picture | realism | style of each region, photo / plain | seconds |')
    print('|---|---|---|---|---|', flush=True)
    for pair in args.pairs.split(','):
        asked = {
            'content': args.folder / 'input' / f'in{pair}.png',
            'style': args.folder / 'style' / f'tar{pair}.png',
            'content_labels': args.folder / 'segmentation' / f'in{pair}.png',
            'style_labels': args.folder / 'segmentation' / f'tar{pair}.png',
            'shape': args.shape,
            **numbers,
        }
        job, before, img, seconds = painted(**asked)
        memory = peak_memory()
        _, plain_img, _, plain_seconds = painted(**asked, **PLAIN)
        photo = job.pictures.content.asnumpy() / 255
        judged = {}
        for title, picture in (('plain', plain_img), ('unfiltered', before), ('filtered', img)):
            energy = matting_energy(picture.asnumpy(), photo)
            judged[title] = {'energy': energy, 'style': style_distances(picture, job)}
        plain = judged['plain']
        for title in ('unfiltered', 'filtered'):
            ours = judged[title]
            cells = ', '.join(
                f'{distance:.3f} / {other:.3f} = {distance / other:.2f}'
                for distance, other in zip(ours['style'], plain['style'])
            )
            print(
                f'| {pair} | {title} | {ours["energy"] / plain["energy"]:.4f} | {cells} | '
                f'{seconds:.0f} |',
                flush=True,
            )
        pictures = [job.pictures.content / 255, job.pictures.styles[0] / 255, plain_img, img]
        images = [as_picture(picture) for picture in pictures]
        images[-1].save(args.output / f'{pair}.png')
        images[-2].save(args.output / f'{pair}-plain.png')
        rows.append([picture.resize((350, 233)) for picture in images])
        record[pair] = {
            **judged,
            'seconds': [seconds, plain_seconds],
            'peak_memory_bytes': memory,
        }
        titles = ['photo', 'style', 'Gatys et al. with masks', 'the recipe photo']
        contact_sheet(rows, titles).save(args.output / 'sheet.jpg', quality=92)
        (args.output / 'photorealism.json').write_text(json.dumps(record, indent=2))


if __name__ == '__main__':
    main()
