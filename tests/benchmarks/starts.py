"""How much sooner is `painterly` done if it starts from what a network makes of the photo?

``python tests/benchmarks/starts.py [--net johnson] [--epochs 0,0,20,30] --output FOLDER``

Six pairs are painted twice: as the recipe does it, and with ``--init NET`` and the epochs given.
Told are the seconds of processor time until the whole run's final loss is reached, of the one and
of the other, and the losses at the end. Table, curves and pictures go to FOLDER.
"""

import argparse
import json
import time
from pathlib import Path

import styletransfer  # noqa: F401  (before MXNet: it makes newer NumPys acceptable)

# isort: split
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from quality import PAIRS, contact_sheet

from styletransfer.images import as_picture
from styletransfer.train.job import make_job
from styletransfer.train.wish import wish_of


def run(content, style, **asked):
    """Return the picture, and of each epoch of the last stage the seconds so far and the loss."""
    wish = wish_of({'content': content, 'style': style, 'recipe': 'painterly', **asked})
    told = []

    def listen(step):
        if step.stage == step.of - 1:
            told.append((time.process_time() - start, step.total))

    start = time.process_time()
    job = make_job(wish)
    X = job.paint(listen)
    return as_picture(job.finished(X)), told


def reached(told, loss):
    """Return the seconds until a loss was reached, or nothing if it never was."""
    return next((seconds for seconds, total in told if total <= loss), None)


def main():
    """Paint, and write table, curves and pictures."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--net', default='johnson')
    parser.add_argument('--epochs', default='0,0,20,30')
    parser.add_argument('--pairs', type=int, default=len(PAIRS))
    parser.add_argument('--output', type=Path, default=Path('outputs/starts'))
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(11, 6), layout='constrained')
    FigureCanvasAgg(figure)
    axes, rows, record = figure.subplots(2, 3).flat, [], {}
    print('| pair | seconds | from the network | share | loss | from the network |')
    print('|---|---|---|---|---|---|')
    for ax, pair in zip(axes, PAIRS[: args.pairs]):
        whole_img, whole = run(*pair)
        begun_img, begun = run(*pair, init=args.net, num_epochs=args.epochs)
        seconds, loss = whole[-1]
        soon = reached(begun, loss)
        share = f'{soon:.1f} | {soon / seconds:.2f}' if soon else 'never | -'
        name, last = ' + '.join(pair), begun[-1][1]
        print(f'| {name} | {seconds:.1f} | {share} | {loss:.4g} | {last:.4g} |', flush=True)
        for told, title in ((whole, 'the recipe'), (begun, f'from {Path(args.net).stem}')):
            ax.semilogy(*zip(*told), label=title)
        ax.axhline(loss, color='0.7', lw=0.8)
        ax.set(title=name, xlabel='seconds', ylabel='loss at full size')
        ax.legend(fontsize=8)
        rows.append([img.resize((280, 160)) for img in (whole_img, begun_img)])
        record[name] = {'recipe': whole, 'from the network': begun}
    figure.savefig(args.output / 'starts.png', dpi=100)
    contact_sheet(rows, ['painterly', 'from the network']).save(args.output / 'starts.jpg')
    (args.output / 'starts.json').write_text(json.dumps(record, indent=2))


if __name__ == '__main__':
    main()
