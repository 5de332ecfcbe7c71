r"""The command that makes ``vgg19_slim``: a small network learns what a large one sees.

The student has VGG-19's layers and a quarter of its channels. On crops of pictures it learns to
say what its teachers say at the six layers that style transfer looks at, before their ReLU. With
fewer channels it cannot repeat them, so a learned 1x1 convolution translates:

.. math:: L = \sum_\ell
          \frac{\mathrm{mean}\,(P_\ell S_\ell(x) - T_\ell(x))^2}{\mathrm{var}\,T_\ell}

where :math:`S_\ell` and :math:`T_\ell` are the outputs of student and teacher at layer
:math:`\ell`, and :math:`P_\ell` is the translation, which is thrown away at the end. One minus a
term of that sum, on pictures kept aside, is the layer's :math:`R^2`: the share of what the teacher
says that the student can say too.

The student trains with batch normalisation, without which its deep layers stall; at the end that
is folded into the convolutions, and every layer's scale is chosen anew (`networks.level`,
`balance`).

Romero et al.: FitNets: hints for thin deep nets, ICLR 2015 (features as targets, translated).
Departures: six layers at once and from the start; each error over its teacher's variance.
"""

from __future__ import annotations

import argparse
import math
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import mxnet as mx
import numpy
from mxnet import numpy as np
from mxnet.gluon import nn
from mxnet.gluon.model_zoo.vision import VGG

from styletransfer import vgg
from styletransfer.checkpoint import Checkpoint, load_checkpoint
from styletransfer.command import Parser, argument, exit_status, finite, natural, positive
from styletransfer.errors import InputError
from styletransfer.files import replacing
from styletransfer.images import FIRST_SAMPLES, find_pictures, load_image, samples
from styletransfer.learning import crops, learn, one_cycle
from styletransfer.machine import total_memory
from styletransfer.networks import frozen, level, scaled
from styletransfer.objective import Terms, objectives
from styletransfer.progress import (
    Bar,
    Checkpoints,
    DivergedError,
    History,
    Interrupted,
    Listener,
    Step,
    StopAtNaN,
    StopAtSignal,
    together,
)
from styletransfer.recipes import TUTORIAL
from styletransfer.synthesis import coarse_to_fine
from styletransfer.train.memory import network_bytes
from styletransfer.weights.fetch import fetch, local_weights
from styletransfer.weights.formats import (
    Conv,
    WeightsError,
    read_weights,
    tensors_sha256,
    write_tensors,
)

CONVS = [name for name in vgg.vgg_layer_names() if name.startswith('conv')][:13]
TAPS = ('conv1_1', 'conv2_1', 'conv3_1', 'conv4_1', 'conv4_4', 'conv5_1')
SLIM = vgg.BACKBONES['vgg19_slim']
CONTENT = CONVS.index('conv4_4')  # of the tutorial's recipe

# terms at the end of the coarse stage as the tutorial prints them for the full VGG-19,
# on its own pictures (epoch 450)
BOOK_CONTENT, BOOK_STYLE = 50.59, 35.19

# what the record of a checkpoint holds
STANDING = {'settings': {}, 'epoch': int, 'history': [{'losses': [{}]}]}


class Taps(nn.HybridBlock):
    """What some convolutions of a VGG say, before their ReLU but behind batch normalisation."""

    def __init__(self, net: nn.HybridSequential, taps: Sequence[str]) -> None:
        super().__init__()
        self.net = net
        normalised = any(isinstance(layer, nn.BatchNorm) for layer in net)
        kind = nn.BatchNorm if normalised else nn.Conv2D
        ends = [i for i, layer in enumerate(net) if isinstance(layer, kind)]
        self.ends = [ends[CONVS.index(tap)] for tap in taps]

    def hybrid_forward(self, F: Any, X: Any) -> List[Any]:
        """Return an array of shape (n, c, h', w') for each tap."""
        outputs = []
        for i, layer in enumerate(self.net):
            X = layer(X)
            if i in self.ends:
                outputs.append(X)
        return outputs


class Student(nn.HybridBlock):
    """A slim VGG with batch normalisation, and a translation for each tap.

    Parameters
    ----------
    widths : sequence of int
        Channels of each block.
    channels : sequence of int
        The teachers' channels at each tap.
    """

    def __init__(self, widths: Sequence[int], channels: Sequence[int]) -> None:
        super().__init__()
        features = VGG(list(SLIM.convs_per_block), list(widths), batch_norm=True).features
        last = [i for i, layer in enumerate(features) if isinstance(layer, nn.BatchNorm)][12]
        self.taps = Taps(features[: last + 1], TAPS)
        self.translations = nn.HybridSequential()
        for c in channels:
            self.translations.add(nn.Conv2D(c, kernel_size=1))

    def hybrid_forward(self, F: Any, X: Any) -> List[Any]:
        """Return what the student makes of what the teacher says at each tap."""
        return [P(Y) for P, Y in zip(self.translations, self.taps(X))]

    def convs(self) -> List[Conv]:
        r"""Return the convolutions with their batch normalisation folded in.

        .. math:: W' = \frac{\gamma}{\sqrt{v + \epsilon}} W, \quad
                  b' = \frac{\gamma}{\sqrt{v + \epsilon}} (b - m) + \beta

        with m and v the running mean and variance.
        """
        layers, folded = list(self.taps.net), []
        for conv, norm in zip(layers, layers[1:]):
            if isinstance(conv, nn.Conv2D):
                weight, bias, gamma, beta, mean, variance = (
                    parameter.data().asnumpy().astype('float64')
                    for parameter in (
                        conv.weight,
                        conv.bias,
                        norm.gamma,
                        norm.beta,
                        norm.running_mean,
                        norm.running_var,
                    )
                )
                factor = gamma / numpy.sqrt(variance + norm._kwargs.get('eps'))
                weight = weight * factor[:, None, None, None]
                bias = factor * (bias - mean) + beta
                folded.append((weight.astype('float32'), bias.astype('float32')))
        return folded


class Teacher(NamedTuple):
    """A trained network and the taps that are learned from it."""

    net: Taps
    taps: Tuple[str, ...]
    channels: Tuple[int, ...]


def load_teachers(names: Sequence[str]) -> List[Teacher]:
    """Return the teachers; each tap is learned from the first that reaches it.

    Parameters
    ----------
    names : sequence of str
        Files of weights, or names of networks ('vgg19').

    Raises
    ------
    InputError
        If there is no such file or network, or none of them reaches conv5_1.
    """
    teachers: List[Teacher] = []
    missing = list(TAPS)
    for name in names:
        path: Optional[Path] = Path(name)
        if name in vgg.BACKBONES:
            sources = vgg.BACKBONES[name].sources
            path = local_weights(sources) or fetch(sources)
        convs = read_weights(Path(path or name))[: len(CONVS)]
        taps = tuple(tap for tap in missing if CONVS.index(tap) < len(convs))
        if taps:
            net = Taps(frozen(convs[: CONVS.index(taps[-1]) + 1]), taps)
            net.hybridize(static_alloc=True, static_shape=True)
            channels = tuple(len(convs[CONVS.index(tap)][1]) for tap in taps)
            teachers.append(Teacher(net, taps, channels))
        missing = [tap for tap in missing if tap not in taps]
    if missing:
        raise WeightsError(f'no teacher reaches {missing[0]}: name one that does, such as vgg19')
    return teachers


def say(teachers: Sequence[Teacher], X: np.ndarray) -> List[np.ndarray]:
    """Return what the teachers say of pictures X at the taps, in the order of `TAPS`."""
    return [Y for teacher in teachers for Y in teacher.net(X)]


class Examiner:
    """Pictures kept aside, what the teachers say of them, and how well the student says it."""

    def __init__(self, teachers: Sequence[Teacher], paths: Sequence[Path], size: int) -> None:
        self.batches = [crops(1, k, paths, 8, size) for k in range(8)]
        self.answers = [[Y.copy() for Y in say(teachers, X)] for X in self.batches]
        self.variances = []
        for said in zip(*self.answers):
            together = np.concatenate(said)
            mean = together.mean(axis=(0, 2, 3), keepdims=True)
            self.variances.append(float(np.square(together - mean).mean()))

    def r_squared(self, student: Student) -> List[float]:
        """Return the R-squared of each tap."""
        shares = []
        for X, answers in zip(self.batches, self.answers):
            pairs = zip(student(X), answers, self.variances)
            shares.append([1 - float(np.square(P - Y).mean()) / v for P, Y, v in pairs])
        return numpy.mean(shares, axis=0).tolist()


def make_parser() -> Parser:
    """Return the command's parser."""
    parser = Parser(
        'distill', 'Train vgg19_slim: a quarter of the channels, nearly the same eyes.'
    )
    add = parser.add_argument
    add('--teacher', nargs='+', required=True, help='networks or files of weights, best first')
    add('--pictures', required=True, help='a folder of pictures to look at')
    add('--output', default='vgg19_slim.safetensors', help='the network (%(default)s)')
    add('--steps', type=argument(positive), default=4500, help='(%(default)s)')
    add('--batch', type=argument(positive), default=8, help='crops a step (%(default)s)')
    add('--crop', type=argument(positive), default=96, help='their side (%(default)s)')
    add(
        '--lr', type=argument(finite), default=4e-3, help='highest step size of Adam (%(default)s)'
    )
    add('--seed', type=argument(natural), default=0, help='(%(default)s)')
    add('--examine-every', type=argument(positive), default=250, help='steps (%(default)s)')
    add('--balance-rounds', type=argument(natural), default=4, help='(%(default)s)')
    add('--resume', action='store_true', help='go on from the checkpoint beside --output')
    add('--quiet', action='store_true', help='no bars and no messages')
    return parser


def check(args: argparse.Namespace) -> None:
    """Refuse what argparse cannot know to be useless."""
    if Path(args.output).suffix != '.safetensors':
        raise InputError(f"--output '{args.output}' must end in .safetensors")
    if args.lr <= 0:
        raise InputError(f'--lr is {args.lr:g}: it must be above 0')
    if args.crop < vgg.SMALLEST_SIDE:
        raise InputError(f'--crop is {args.crop}: it must be at least {vgg.SMALLEST_SIDE}')
    need = network_bytes('vgg19_slim', (args.crop, args.batch * args.crop))
    have = total_memory(mx.cpu())
    if have and need > have:  # and the teachers need as much again, at least
        raise InputError(
            f'{args.batch} crops of {args.crop}x{args.crop} need more than {need / 1e9:.1f} GB of '
            f'memory, but there are {have / 1e9:.1f} GB: try a smaller --crop or --batch'
        )


def find_interrupted(path: Path, settings: Dict[str, Any]) -> Checkpoint:
    """Return where an interrupted run with these settings stood."""
    if not path.is_file():
        raise InputError(f"nothing to resume: there is no '{path}'; leave out --resume")
    saved = load_checkpoint(path, STANDING)
    if saved.record['settings'] != settings:
        raise InputError("cannot resume with other settings than the interrupted run's")
    return saved


class Lesson(NamedTuple):
    """One run, with everything checked and read before the long work starts."""

    args: argparse.Namespace
    pictures: List[Path]
    teachers: List[Teacher]
    student: Student
    examiner: Examiner

    def batch(self, k: int) -> Tuple[np.ndarray, List[np.ndarray]]:
        """Return the crops of step k, and what the teachers say of them."""
        # a picture that is being optimised leaves the realm of photographs on its way; the
        # student must know what the teacher would say out there: hence the noise
        X = crops(self.args.seed, k, self.pictures, self.args.batch, self.args.crop, noisy=0.3)
        return X, say(self.teachers, X)

    def loss(self, batch: Tuple[np.ndarray, List[np.ndarray]]) -> Tuple[Terms, np.ndarray]:
        """Return the error at each tap over its teacher's variance, and their sum."""
        X, answers = batch
        fours = zip(TAPS, self.student(X), answers, self.examiner.variances)
        terms = {tap: np.square(P - Y).mean() / variance for tap, P, Y, variance in fours}
        return terms, sum(terms.values())

    def tell(self, line: str) -> None:
        """Print a line, above the bar if there is one, unless the user wants quiet."""
        from tqdm import tqdm

        if not self.args.quiet:
            tqdm.write(line)
            sys.stdout.flush()


def make_lesson(args: argparse.Namespace) -> Lesson:
    """Read the pictures and the teachers, and make the student."""
    pictures = find_pictures(args.pictures, deep=True)
    if len(pictures) < 2:
        raise InputError(f"'{args.pictures}' holds {len(pictures)} pictures: some are needed")
    aside = pictures[:: min(60, len(pictures))]
    pictures = [path for path in pictures if path not in set(aside)]
    teachers = load_teachers(args.teacher)
    mx.random.seed(args.seed)
    student = Student(SLIM.widths, [c for teacher in teachers for c in teacher.channels])
    student.initialize(mx.init.MSRAPrelu(slope=0))
    student.hybridize(static_alloc=True, static_shape=True)
    student(np.zeros((1, 3, vgg.SMALLEST_SIDE, vgg.SMALLEST_SIDE)))  # shapes are known now
    return Lesson(args, pictures, teachers, student, Examiner(teachers, aside, args.crop))


def run(argv: Optional[Sequence[str]] = None) -> int:
    """Run the command and return its exit status."""
    argv = list(sys.argv[1:] if argv is None else argv)
    args = make_parser().parse_args(argv)
    check(args)
    path = Path(args.output).with_suffix('.checkpoint.safetensors')
    settings = {k: v for k, v in vars(args).items() if k not in ('resume', 'quiet', 'output')}
    saved = find_interrupted(path, settings) if args.resume else None
    lesson = make_lesson(args)
    history = History(saved.record['history'] if saved else ())
    checkpoints = Checkpoints(path, args.examine_every, history, {'settings': settings})
    words = shlex.join(argv if saved else [*argv, '--resume'])
    go_on = f'go on with:  python -m styletransfer.distill {words}'
    if not saved:
        checkpoints.save()  # if it cannot be written, better now than in an hour
    try:
        study(lesson, checkpoints, saved)
        write_network(lesson, history)
    except (Interrupted, KeyboardInterrupt) as stop:
        print(f'{str(stop) or "stopped"}; {go_on}', file=sys.stderr)
        return 130
    except DivergedError:
        raise
    except InputError as error:  # the disk is full, most likely
        raise InputError(f'{error}; then {go_on}') from error
    path.unlink()
    return 0


def study(lesson: Lesson, checkpoints: Checkpoints, saved: Optional[Checkpoint]) -> None:
    """Train the student, keeping where it stands when the run is stopped."""
    args, history = lesson.args, checkpoints.history

    def examine(step: Step) -> None:
        if step.is_nth(args.examine_every):
            marks = dict(zip(TAPS, lesson.examiner.r_squared(lesson.student)))
            exams = history.stages[-1].setdefault('r_squared', [])
            exams.append({'epoch': step.epoch, **marks})
            lesson.tell(f'{step.epoch}: {marks_text(history)}')

    with Bar() as bar, StopAtSignal() as stop_at_signal:
        listeners: List[Listener] = [StopAtNaN(0, None), history, examine, checkpoints]
        if not args.quiet:
            listeners.append(bar)
        try:
            learn(
                lesson.student,
                lesson.loss,
                lesson.batch,
                lambda k: one_cycle(k, args.steps, args.lr),
                args.steps,
                f'{args.batch} crops of {args.crop}x{args.crop}',
                together(*listeners, stop_at_signal),
                saved,
            )
        except Interrupted as stop:
            checkpoints.save(stop.step)
            raise


def marks_text(history: History) -> str:
    """Return the R-squared of each tap at the last examination."""
    last = history.stages[-1]['r_squared'][-1]
    return ', '.join(f'{tap} {last[tap]:.3f}' for tap in TAPS)


def balance(
    convs: Sequence[Conv],
    pairs: Sequence[Tuple[np.ndarray, np.ndarray]],
    rounds: int,
    tell: Callable[[str], None],
) -> List[Conv]:
    """Return the network for which the weights of `TUTORIAL` give its balance of losses.

    All layers but conv4_4 share one factor, conv4_4 has another. The coarse stage of `TUTORIAL` is
    run on each pair; then the factors change so that, the picture being the same, its content and
    style losses would be the tutorial's. As the picture changes with them this takes some rounds.

    Parameters
    ----------
    convs : sequence of (weight, bias)
        From `networks.level`.
    pairs : sequence of (content_img, style_img)
        Pictures of shape (height, width, 3), RGB in 0-255.
    rounds : int
    tell : callable
        Told one line a round.
    """
    # behind the first drop of the step size, at epoch 201, the losses hardly move any more
    coarse = replace(TUTORIAL.stages[0], num_epochs=250)
    recipe = replace(TUTORIAL, stages=(coarse,))
    content_factor = style_factor = 0.12  # near where vgg19_slim ended
    for turn in range(rounds + 1):
        factors = [style_factor] * len(convs)
        factors[CONTENT] = content_factor
        result = scaled(convs, factors)
        net, last = frozen(result), []
        for content_img, style_img in pairs:
            steps: List[Step] = []
            loss_at = objectives(net, recipe, content_img, style_img, mx.cpu())
            coarse_to_fine(loss_at, recipe, content_img, mx.cpu(), steps.append)
            last.append(steps[-1])
        content, style, tv = (
            math.exp(sum(math.log(step.terms[name]) for step in last) / len(last))
            for name in ('content', 'style', 'TV')
        )
        tell(
            f'balance, round {turn}: factors {content_factor:.3f} and {style_factor:.3f}, '
            f'content {content:.2f}, style {style:.2f}, TV {tv:.2f}'
        )
        # the content loss is quadratic in its layer's scale, the style loss goes with its power 4
        content_factor *= (BOOK_CONTENT / content) ** (1 / 2)
        style_factor *= (BOOK_STYLE / style) ** (1 / 4)
    return result


def write_network(lesson: Lesson, history: History) -> None:
    """Fold, level, balance, and write the network with what became of its training."""
    args, output = lesson.args, Path(lesson.args.output)
    convs = level(lesson.student.convs(), np.concatenate(lesson.examiner.batches))
    if args.balance_rounds:
        content, style = (
            [load_image(samples(kind)[name], (200, 100)) for name in names]
            for kind, names in FIRST_SAMPLES.items()
        )
        convs = balance(convs, list(zip(content, style)), args.balance_rounds, lesson.tell)
    tensors = {}
    for name, (weight, bias) in zip(CONVS, convs):
        tensors[f'features.{vgg.layer_index(name)}.weight'] = weight
        tensors[f'features.{vgg.layer_index(name)}.bias'] = bias
    notes = {
        'source': 'distilled by styletransfer.distill',
        'licence': 'CC BY 4.0',  # what Oxford's VGG-19 asks of what is made from it
        'tensors_sha256': tensors_sha256(convs),
        'r_squared': marks_text(history),
    }
    with replacing(output) as temporary:
        write_tensors(temporary, tensors, notes)
    lesson.tell(f'The network is {output}. R-squared: {marks_text(history)}')


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run ``python -m styletransfer.distill``."""
    return exit_status(lambda: run(argv))


if __name__ == '__main__':
    sys.exit(main())
