"""How fast is an epoch, and how much memory does it take? The package against what else there is.

``python tests/benchmarks/speed.py [--networks ...] [--shapes ...] [--rounds N] [--epochs N]``

Each variant runs in a process of its own, in turn with the others, as often as there are rounds:

- book: the loop as the book has it, written out below, with MXNet's own settings;
- package: `styletransfer.synthesis.train`;
- eager, channels_last, compiled: the same in PyTorch, where the interpreter (``--python``) has it:
  layer by layer, with pictures whose channels lie side by side in memory, and compiled.

The threads of package and PyTorch wait for each other asleep: awake, they are several times slower
as soon as any other program wants a core. All are given the same weights and pictures,
random numbers, and the same objective, that of `TUTORIAL`; book and package have to find the same
loss. Another process multiplies matrices in each round: the highest rate at which this machine
could, while a network and shape were measured, is the ceiling for these. The least time of an
epoch is the multiplications of its convolutions, forward and back to the picture, at that rate; a
variant's share of the ceiling is that time over its own.

The table goes to FOLDER/speed.txt, every number measured to FOLDER/speed.json (``--output``).
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy

ROOT = Path(__file__).parent.parent.parent
CONVS_PER_BLOCK = (2, 2, 4, 4, 1)  # VGG-19, cut behind conv5_1
WIDTHS = {'vgg19': (64, 128, 256, 512, 512), 'vgg19_slim': (16, 32, 64, 128, 128)}
STYLE_LAYERS, CONTENT_LAYERS = (0, 5, 10, 19, 28), (25,)
CONTENT_WEIGHT, STYLE_WEIGHT, TV_WEIGHT, LR = 1, 1e3, 50, 0.01
PYTORCH = ('eager', 'channels_last', 'compiled')
VARIANTS = ('book', 'package', *PYTORCH)
TILE = 20  # pixels of one colour: noise would drown content and style in total variation
WARM_UP = 1
LONG = 1e12  # multiplications and additions of an epoch; above, one round is enough
SAME = 1e-5  # relative difference of two losses that are the same but for rounding


def layers(network):
    """Yield ('conv', channels in, channels out), ('relu',) and ('pool',), in their order."""
    channels = 3
    for convs, width in zip(CONVS_PER_BLOCK, WIDTHS[network]):
        for _ in range(convs):
            yield 'conv', channels, width
            yield ('relu',)
            channels = width
        yield ('pool',)


def cut_layers(network):
    """Return the layers up to the last one that is looked at."""
    return list(layers(network))[: max(STYLE_LAYERS + CONTENT_LAYERS) + 1]


def flops(network, shape):
    """Return an epoch's multiplications and additions: those of the convolutions, twice."""
    (width, height), macs = shape, 0
    for kind, *channels in cut_layers(network):
        if kind == 'conv':
            macs += 9 * channels[0] * channels[1] * width * height
        elif kind == 'pool':
            width, height = width // 2, height // 2
    return 2 * 2 * macs


def random_weights(network):
    """Yield the weights of each convolution, scaled as by He et al. (2015); biases are 0."""
    numbers = numpy.random.RandomState(0)  # this one gives the same numbers in every NumPy
    for kind, *channels in cut_layers(network):
        if kind == 'conv':
            weight = numbers.standard_normal((channels[1], channels[0], 3, 3))
            yield (weight * (2 / (9 * channels[0])) ** 0.5).astype('float32')


def random_pictures(shape):
    """Return content picture, style picture, and where to start, each (1, 3, height, width)."""
    numbers, (width, height) = numpy.random.RandomState(1), shape
    tiles = numbers.standard_normal((3, 1, 3, height // TILE + 1, width // TILE + 1))
    pictures = tiles.repeat(TILE, axis=3).repeat(TILE, axis=4)[..., :height, :width]
    return numpy.ascontiguousarray(pictures, dtype='float32')


def book(network, shape, epochs):
    """Yield the loss of each epoch, by the loop as the book has it and MXNet as it comes."""
    for alias in (bool, int, float, complex, object, str):  # MXNet asks NumPy for them
        vars(numpy).setdefault(alias.__name__, alias)
    from mxnet import autograd, gluon, init, np, npx
    from mxnet.gluon import nn

    npx.set_np()

    net = nn.Sequential()
    for kind, *channels in cut_layers(network):
        if kind == 'conv':
            net.add(nn.Conv2D(channels[1], kernel_size=3, padding=1, in_channels=channels[0]))
        else:
            net.add(nn.Activation('relu') if kind == 'relu' else nn.MaxPool2D(strides=2))
    net.initialize()
    convs = [layer for layer in net if isinstance(layer, nn.Conv2D)]
    for conv, weight in zip(convs, random_weights(network)):
        conv.weight.set_data(np.array(weight))

    def extract_features(X):
        contents, styles = [], []
        for i in range(len(net)):
            X = net[i](X)
            if i in STYLE_LAYERS:
                styles.append(X)
            if i in CONTENT_LAYERS:
                contents.append(X)
        return contents, styles

    def gram(X):
        c, n = X.shape[1], X.size // X.shape[1]
        X = X.reshape((c, n))
        return np.dot(X, X.T) / (c * n)

    def compute_loss(X, contents_Y_hat, styles_Y_hat):
        contents_l = [
            np.square(Y_hat - Y).mean() * CONTENT_WEIGHT
            for Y_hat, Y in zip(contents_Y_hat, contents_Y)
        ]
        styles_l = [
            np.square(gram(Y_hat) - Y).mean() * STYLE_WEIGHT
            for Y_hat, Y in zip(styles_Y_hat, styles_Y_gram)
        ]
        rows = np.abs(X[:, :, 1:, :] - X[:, :, :-1, :]).mean()
        columns = np.abs(X[:, :, :, 1:] - X[:, :, :, :-1]).mean()
        return sum([*styles_l, *contents_l, 0.5 * (rows + columns) * TV_WEIGHT])

    class GeneratedImage(nn.Block):
        def __init__(self, img_shape):
            super().__init__()
            self.weight = self.params.get('weight', shape=img_shape)

        def forward(self):
            return self.weight.data()

    content_X, style_X, X = (np.array(picture) for picture in random_pictures(shape))
    contents_Y, _ = extract_features(content_X)
    _, styles_Y = extract_features(style_X)
    styles_Y_gram = [gram(Y) for Y in styles_Y]
    gen_img = GeneratedImage(X.shape)
    gen_img.initialize(init.Constant(X), force_reinit=True)
    trainer = gluon.Trainer(gen_img.collect_params(), 'adam', {'learning_rate': LR})
    X = gen_img()
    for _ in range(epochs):
        with autograd.record():
            contents_Y_hat, styles_Y_hat = extract_features(X)
            l = compute_loss(X, contents_Y_hat, styles_Y_hat)
        l.backward()
        trainer.step(1)
        npx.waitall()
        yield float(l)


def package(network, shape, epochs, on_loss):
    """Tell the loss of each epoch of `synthesis.train`."""
    import styletransfer  # noqa: F401  (before MXNet: it makes newer NumPys acceptable)

    # isort: split
    import mxnet as mx
    from mxnet import np

    from styletransfer import vgg
    from styletransfer.losses import gram
    from styletransfer.objective import objective
    from styletransfer.recipes import TUTORIAL, Stage
    from styletransfer.synthesis import train

    net = vgg.truncated_vgg(vgg.BACKBONES[network])
    convs = [(weight, numpy.zeros(len(weight))) for weight in random_weights(network)]
    vgg.set_weights(net, convs, mx.cpu())
    vgg.freeze(net)
    content_X, style_X, X = (np.array(picture) for picture in random_pictures(shape))
    contents_Y, _ = vgg.extract_features(net, content_X, TUTORIAL.content_layers, ())
    _, styles_Y = vgg.extract_features(net, style_X, (), TUTORIAL.style_layers)
    loss = objective(net, TUTORIAL, contents_Y, [gram(Y) for Y in styles_Y])
    del convs, content_X, style_X, styles_Y
    stage = Stage(shape, lr=LR, num_epochs=epochs)
    train(loss, TUTORIAL, stage, X, mx.cpu(), lambda step: on_loss(step.total))


def pytorch(form, network, shape, epochs, cores):
    """Yield the loss of each epoch, in one of PyTorch's forms."""
    import torch
    from torch import nn

    torch.set_num_threads(cores)
    weights = random_weights(network)
    net = nn.Sequential()
    for kind, *channels in cut_layers(network):
        if kind == 'conv':
            net.append(nn.Conv2d(*channels, kernel_size=3, padding=1))
            net[-1].weight.data = torch.from_numpy(next(weights))
            net[-1].bias.data.zero_()
        else:
            net.append(nn.ReLU() if kind == 'relu' else nn.MaxPool2d(2))
    net.requires_grad_(False)
    order = torch.contiguous_format if form == 'eager' else torch.channels_last
    net.to(memory_format=order)

    def extract_features(X):
        contents, styles = [], []
        for i, layer in enumerate(net):
            X = layer(X)
            if i in STYLE_LAYERS:
                styles.append(X)
            if i in CONTENT_LAYERS:
                contents.append(X)
        return contents, styles

    def gram(X):  # each picture's own order in memory spares a copy
        if form == 'channels_last':
            X = X.permute(0, 2, 3, 1).reshape(-1, X.shape[1])
            return X.T @ X / X.numel()
        X = X.reshape(X.shape[1], -1)
        return X @ X.T / X.numel()

    def objective(X):
        contents_Y_hat, styles_Y_hat = extract_features(X)
        l = 0
        for Y_hat, Y in zip(contents_Y_hat, contents_Y):
            l = l + CONTENT_WEIGHT * (Y_hat - Y).square().mean()
        for Y_hat, Y in zip(styles_Y_hat, styles_Y_gram):
            l = l + STYLE_WEIGHT * (gram(Y_hat) - Y).square().mean()
        rows = (X[:, :, 1:, :] - X[:, :, :-1, :]).abs().mean()
        columns = (X[:, :, :, 1:] - X[:, :, :, :-1]).abs().mean()
        return l + TV_WEIGHT * 0.5 * (rows + columns)

    content_X, style_X, X = (
        torch.from_numpy(picture).to(memory_format=order) for picture in random_pictures(shape)
    )
    with torch.no_grad():
        contents_Y, _ = extract_features(content_X)
        styles_Y_gram = [gram(Y) for Y in extract_features(style_X)[1]]
    X = X.clone().requires_grad_()
    optimizer = torch.optim.Adam([X], lr=LR)
    loss = torch.compile(objective) if form == 'compiled' else objective
    for _ in range(epochs):
        optimizer.zero_grad()
        l = loss(X)
        l.backward()
        optimizer.step()
        yield l.item()


def ceiling():
    """Return how many multiplications and additions a second a matrix product of oneDNN's does.

    That of NumPy's wheels is slower on processors that are newer than they are.
    """
    import styletransfer  # noqa: F401  (before MXNet: it makes newer NumPys acceptable)

    # isort: split
    from mxnet import nd

    n = 2000
    A, B = map(nd.array, numpy.random.RandomState(0).standard_normal((2, n, n)))
    seconds = []
    for _ in range(8):
        start = time.perf_counter()
        nd.FullyConnected(A, B, num_hidden=n, no_bias=True).wait_to_read()
        seconds.append(time.perf_counter() - start)
    return 2 * n**3 / min(seconds)


def peak_memory():
    """Return the most bytes of memory this process has held at once."""
    try:  # ru_maxrss may be that of the process which started this one
        lines = Path('/proc/self/status').read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith('VmHWM'))
    except (OSError, StopIteration):
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == 'darwin' else 1024 * peak


def measure(variant, network, shape, epochs, cores):
    """Return what a child measured: seconds and losses of the epochs, and its peak of memory."""
    times, losses, shape = [], [], tuple(shape)

    def on_loss(loss):
        times.append(time.perf_counter())
        losses.append(loss)

    total = WARM_UP + epochs
    if variant == 'package':
        package(network, shape, total, on_loss)
    else:
        steps = (
            book(network, shape, total)
            if variant == 'book'
            else pytorch(variant, network, shape, total, cores)
        )
        for loss in steps:
            on_loss(loss)
    seconds = [end - start for start, end in zip(times[WARM_UP - 1 :], times[WARM_UP:])]
    return {'seconds': seconds, 'losses': losses, 'peak_bytes': peak_memory()}


def versions(variant):
    """Return what a child is made of."""
    found = {'python': platform.python_version(), 'numpy': numpy.__version__}
    if variant in PYTORCH:
        import torch

        return {**found, 'torch': torch.__version__}
    from styletransfer._compat import usable_cores

    # isort: split
    import mxnet as mx

    return {**found, 'mxnet': mx.__version__, 'cores': usable_cores()}


def busy_seconds():
    """Return how long all cores have computed, and how long for this process and its children."""
    try:
        user, nice, system = map(int, Path('/proc/stat').read_text().split(maxsplit=4)[1:4])
    except (OSError, ValueError):
        return None
    return (user + nice + system) / os.sysconf('SC_CLK_TCK'), sum(os.times()[:4])


def ask(python, job, threads=None):
    """Return what a child process says of a job, or None if it fails."""
    settings = ('OMP_', 'GOMP_', 'KMP_', 'MXNET_', 'MKL_', 'OPENBLAS_', 'DNNL_', 'MALLOC_')
    env = {name: value for name, value in os.environ.items() if not name.startswith(settings)}
    env['PYTHONPATH'] = str(ROOT)
    env['PYTHONWARNINGS'] = 'ignore'
    if job.get('variant') in PYTORCH:
        env['OMP_WAIT_POLICY'] = 'passive'  # the package does this itself
    if threads:
        env['OMP_NUM_THREADS'] = env['OPENBLAS_NUM_THREADS'] = str(threads)
    command = [python, __file__, '--child', json.dumps(job)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f'it ended with {done.returncode}']
        print(f'  {lines[-1]}', file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def child(job):
    """Do one job and print what came of it."""
    task = job.pop('task')
    answer = {'measure': measure, 'versions': versions, 'ceiling': ceiling}[task](**job)
    print(json.dumps(answer))


def processor():
    """Return the processor's name."""
    try:
        lines = Path('/proc/cpuinfo').read_text().splitlines()
        return next(line.split(': ')[1] for line in lines if line.startswith('model name'))
    except (OSError, StopIteration, IndexError):
        return platform.processor() or platform.machine()


def measure_cell(network, shape, pythons, cores, rounds, epochs):
    """Return, for one network and shape, all that was measured of each variant."""
    cell = {'network': network, 'shape': shape, 'flops': flops(network, shape), 'rates': []}
    cell['variants'] = {name: [] for name in pythons}
    if cell['flops'] > LONG:
        rounds = 1
    for number in range(rounds):
        cell['rates'].append(ask(sys.executable, {'task': 'ceiling'}, threads=cores))
        order = list(pythons)[:: -1 if number % 2 else 1]
        for name in order:
            print(f'{network} {text(shape)} round {number + 1}: {name}', file=sys.stderr)
            job = {'variant': name, 'network': network, 'shape': shape, 'cores': cores}
            ran = ask(pythons[name], {'task': 'measure', 'epochs': epochs, **job})
            if ran:
                cell['variants'][name].append(ran)
    return cell


def judge(cell):
    """Add to a cell what follows from its numbers: medians, ratios, differences."""
    cell['least_seconds'] = cell['flops'] / max(filter(None, cell['rates']))
    cell['summary'] = {}
    losses = {name: runs[0]['losses'] for name, runs in cell['variants'].items() if runs}
    for name in losses:
        runs = cell['variants'][name]
        seconds = [s for run in runs for s in run['seconds']]
        cell['summary'][name] = {
            'median': statistics.median(seconds),
            'min': min(seconds),
            'max': max(seconds),
            'peak_bytes': max(run['peak_bytes'] for run in runs),
        }
    for name, row in cell['summary'].items():
        row['share_of_ceiling'] = cell['least_seconds'] / row['median']
        if 'book' in losses:
            row['times_as_fast_as_book'] = cell['summary']['book']['median'] / row['median']
            row['loss_differences'] = [
                abs(a - b) / abs(b) for a, b in zip(losses[name], losses['book'])
            ]


def text(shape):
    """Return a shape as one writes it on the command line."""
    return f'{shape[0]}x{shape[1]}'


def table(cells):
    """Yield the lines of the two tables."""
    yield (
        f'{"network":11}{"shape":>10} {"variant":14}{"s/epoch":>9}{"min":>9}{"max":>9}'
        f'{"peak MB":>9}{"of ceiling":>12}{"x book":>8}{"loss, epoch 1":>15}'
    )
    for cell in cells:
        for name in cell['variants']:
            row = cell['summary'].get(name)
            start = f'{cell["network"]:11}{text(cell["shape"]):>10} {name:14}'
            if not row:
                yield start + '   failed'
                continue
            ratio, difference = row.get('times_as_fast_as_book'), row.get('loss_differences')
            yield (
                f'{start}{row["median"]:9.3f}{row["min"]:9.3f}{row["max"]:9.3f}'
                f'{row["peak_bytes"] / 1e6:9.0f}{row["share_of_ceiling"]:12.0%}'
                + (f'{ratio:8.2f}{difference[0]:15.1e}' if ratio else '')
            )
    yield ''
    yield 'As the picture grows (further: for each pixel more than in the line above)'
    yield (
        f'{"network":11}{"variant":14}{"shape":>10}{"pixels":>9}'
        f'{"us/pixel":>10}{"further":>9}{"bytes/pixel":>13}{"further":>9}'
    )
    for network, name in dict.fromkeys((c['network'], v) for c in cells for v in c['variants']):
        before = None
        grown = [c for c in cells if c['network'] == network and name in c['summary']]
        for cell in sorted(grown, key=lambda cell: cell['shape'][0] * cell['shape'][1]):
            row, pixels = cell['summary'][name], cell['shape'][0] * cell['shape'][1]
            now = (pixels, row['median'] * 1e6, row['peak_bytes'])
            further = ['', '']
            if before and pixels > before[0]:
                further = [
                    f'{(b - a) / (pixels - before[0]):.{digits}f}'
                    for a, b, digits in ((before[1], now[1], 2), (before[2], now[2], 0))
                ]
            yield (
                f'{network:11}{name:14}{text(cell["shape"]):>10}{pixels:>9}'
                f'{now[1] / pixels:10.2f}{further[0]:>9}{now[2] / pixels:13.0f}{further[1]:>9}'
            )
            before = now


def parse_shape(argument):
    """Return (width, height) of text such as 560x320."""
    width, height = argument.split('x')
    return int(width), int(height)


def main():
    """Measure, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    several = {'type': lambda argument: argument.split(',')}
    parser.add_argument('--networks', default=list(WIDTHS), **several)
    parser.add_argument('--shapes', default=['200x100', '560x320', '1280x720'], **several)
    parser.add_argument('--variants', default=list(VARIANTS), **several)
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--epochs', type=int, default=3, help='that are timed, in each round')
    parser.add_argument('--python', default=sys.executable, help='an interpreter with PyTorch')
    parser.add_argument('--output', type=Path, default=Path('outputs/speed'))
    parser.add_argument('--child', type=json.loads, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        return child(args.child)
    args.output.mkdir(parents=True, exist_ok=True)

    machine = ask(sys.executable, {'task': 'versions', 'variant': 'package'})
    if machine is None:
        return 'this interpreter cannot import the package'
    pythons = dict.fromkeys(args.variants, sys.executable)
    notes = []
    peers = [name for name in args.variants if name in PYTORCH]
    if peers:
        found = ask(args.python, {'task': 'versions', 'variant': peers[0]})
        machine['torch'] = found and f'{found["torch"]} (Python {found["python"]})'
        pythons.update(dict.fromkeys(peers, args.python))
        if found is None:
            pythons = {name: python for name, python in pythons.items() if name not in peers}
            notes.append('PyTorch is left out: it is not installed (see --python)')

    begun, before = time.perf_counter(), busy_seconds()
    cells = [
        measure_cell(network, shape, pythons, machine['cores'], args.rounds, args.epochs)
        for network in args.networks
        for shape in map(parse_shape, args.shapes)
    ]
    if before:
        (every, ours), elapsed = busy_seconds(), time.perf_counter() - begun
        machine['busy_with_others'] = (every - before[0] - (ours - before[1])) / elapsed
        notes.append(
            f'other programs kept {machine["busy_with_others"]:.1f} cores busy: '
            'the seconds mean little unless this is near 0'
        )
    for cell in cells:
        judge(cell)
    rates = [rate / 1e9 for cell in cells for rate in cell['rates'] if rate]
    made_of = ', '.join(
        f'{name} {machine[name]}'
        for name in ('python', 'mxnet', 'numpy', 'torch')
        if machine.get(name)
    )
    report = [
        f'{processor()}, {machine["cores"]} cores; {made_of}',
        f'ceiling: {min(rates):.0f} to {max(rates):.0f} GFLOP/s (matrix product, float32); '
        f'{args.rounds} rounds of {args.epochs} epochs after {WARM_UP} to warm up',
        *notes,
        '',
        *table(cells),
    ]
    differ = [
        f'{cell["network"]} {text(cell["shape"])}'
        for cell in cells
        if cell['summary'].get('package', {}).get('loss_differences', [0])[0] > SAME
    ]
    if differ:
        report += ['', f'book and package do not find the same loss: {", ".join(differ)}']
    print('\n'.join(report))
    (args.output / 'speed.txt').write_text('\n'.join(report) + '\n')
    record = {'processor': processor(), 'machine': machine, 'cells': cells}
    (args.output / 'speed.json').write_text(json.dumps(record, indent=2) + '\n')
    return 1 if differ else 0


if __name__ == '__main__':
    sys.exit(main())
