"""Does a moving picture flicker, and is each frame still a painting? Beside frame by frame.

``python tests/benchmarks/stability.py [CLIP ...] [--shape 192x108] [--frames 12] [--net NAME]``

Of each clip, by default the bundled ones, two moving pictures are made with the same settings: by
the command, and frame by frame. Told are, of the one, of the other, and of the one over the other,

- warping: the warping error of Lai et al. (`temporal.warping_error`), the mean over all pairs of
  frames that no cut is between, in thousandths. Which pixel went where, and which is seen in both,
  is said by another flow than that which the command uses: TV-L1 of scikit-image;
- style: the recipe's style term of a frame, as the network that looks sees it, the mean over all.

And how many frames a second, imports and all else left out, the command made; with --net they are
480x270, if no shape is given. Whatever else is given goes to the command, and has a sign between
flag and value: ``--style=irises --blend=0.7``.
"""

import argparse
import tempfile
import time
from pathlib import Path

import styletransfer  # noqa: F401  (before MXNet: it makes newer NumPys acceptable)

# isort: split
import numpy
from mxnet import numpy as np
from PIL import Image
from skimage.color import rgb2gray
from skimage.registration import optical_flow_tvl1

from styletransfer.images import parse_shape
from styletransfer.video import onepass, optimised
from styletransfer.video.clips import facts, frames, samples
from styletransfer.video.flow import consistent, inside
from styletransfer.video.job import make_job
from styletransfer.video.kept import Kept
from styletransfer.video.temporal import warping_error
from styletransfer.video.ways import by_optimisation
from styletransfer.video.wish import make_parser, wish_of


def flow_of(first, second):
    """Return where each pixel of the one is in the other, as `flow.optical_flow` does."""
    v, u = optical_flow_tvl1(rgb2gray(first), rgb2gray(second), dtype='float32')
    return numpy.stack([u, v], axis=2)


def motions_of(clip, cuts):
    """Return for each frame but the first of a scene the flow back, and what is seen in both."""
    result = {}
    for then, now in zip(clip, clip[1:]):
        if now.number not in cuts:
            flow, back = flow_of(now.img, then.img), flow_of(then.img, now.img)
            result[now.number] = flow, inside(flow) & consistent(flow, back)
    return result


def steadiness(imgs, motions):
    """Return the mean warping error, in thousandths."""
    errors = [
        warping_error(imgs[k], imgs[k - 1], flow, seen) for k, (flow, seen) in motions.items()
    ]
    return 1000 * numpy.mean(errors)


def style_distance(imgs, clip, artist):
    """Return the mean of the style term."""
    shape = artist.plan.shape
    terms = [
        artist.loss_at(np.array(frame.img, dtype='uint8'))(shape)(artist.seen(img))[0]['style']
        for frame, img in zip(clip, imgs)
    ]
    return float(sum(terms)) / len(terms)


def alone(way, clip):
    """Return the frames of a clip, each painted as if there were no other."""
    if isinstance(way, onepass.Painter):
        return [optimised.rounded(way.painted(frame.img)) for frame in clip]
    return [way.painted(frame.img, None, [], 0.0, 1.0, lambda share: None) for frame in clip]


def judged(wish):
    """Return the row of a clip, and its frames by both ways."""
    job = make_job(wish)
    clip = list(frames(job.clip))
    with tempfile.TemporaryDirectory() as folder:
        kept, start = Kept(Path(folder)), time.perf_counter()
        job.way.paint(job.clip, kept, lambda share: None)
        seconds = time.perf_counter() - start
        ours = [kept[frame.number] for frame in clip]
        cuts = list(optimised.find_cuts(job.clip, kept.within('cuts')))
    theirs = alone(job.way, clip)
    motions = motions_of(clip, cuts)
    judge, _ = by_optimisation(judging(wish), job.facts.shape)
    row = []
    for measure, known in ((steadiness, (motions,)), (style_distance, (clip, judge))):
        pair = [measure(imgs, *known) for imgs in (ours, theirs)]
        row += [*pair, pair[0] / pair[1]]
    return [*row, len(clip) / seconds], ours, theirs


def judging(wish):
    """Return the wish of which the style term is taken: the recipe's, in the same style."""
    if not wish.net:
        return wish
    style = [(name, value) for name, value in wish.painting if name == 'style']
    return wish_of({'clip': wish.clip, 'backbone': 'vgg19_slim', **dict(style)})


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('clips', nargs='*')
    parser.add_argument('--shape', type=parse_shape)
    parser.add_argument('--frames', type=int, default=12)
    parser.add_argument('--strip', type=Path, help='where to write the last frames as PNG')
    args, rest = parser.parse_known_args()
    given = vars(make_parser().parse_args(['clip', '--backbone', 'vgg19_slim', *rest]))
    if 'net' in given:
        del given['backbone']
    shape = args.shape or ((480, 270) if 'net' in given else (192, 108))
    print('| clip | warping | alone | ratio | style | alone | ratio | frames a second |')
    print('|---|---|---|---|---|---|---|---|')
    for name in args.clips or samples():
        asked = {**given, 'clip': name, 'shape': shape}
        asked['end'] = float((args.frames - 0.5) / facts(wish_of(asked).source).rate)
        row, ours, theirs = judged(wish_of(asked))
        print('|', ' | '.join([name, *(f'{cell:.3g}' for cell in row)]), '|', flush=True)
        if args.strip:
            rows = [numpy.concatenate(imgs[-3:], axis=1) for imgs in (ours, theirs)]
            Image.fromarray(numpy.concatenate(rows)).save(args.strip)


if __name__ == '__main__':
    main()
