"""The main job: ``python -m styletransfer.train`` turns a photo into a painting.

Arguments become a `Job`, the job a run, the run files. The painting itself is done in
`styletransfer.synthesis`.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import re
import shlex
import shutil
import sys
import tempfile
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import mxnet as mx
import numpy
from mxnet import numpy as np
from mxnet.gluon import nn

import styletransfer
from styletransfer import vgg
from styletransfer.checkpoint import Checkpoint, load_checkpoint
from styletransfer.command import Parser, argument, exit_status, listed, natural, positive
from styletransfer.errors import InputError, unknown
from styletransfer.files import file_sha256, replacing
from styletransfer.images import (
    PICTURE_FORMATS,
    ImageShape,
    load_image,
    parse_shape,
    picture_path,
    postprocess,
    preprocess,
    samples,
    save_image,
)
from styletransfer.machine import find_device, peak_memory, total_memory
from styletransfer.progress import (
    Bar,
    Checkpoints,
    DivergedError,
    History,
    Interrupted,
    Previews,
    StopAtNaN,
    StopAtSignal,
    save_figure,
    stage_index,
    together,
)
from styletransfer.recipes import (
    RECIPES,
    Recipe,
    Stage,
    find_recipe,
    shape_text,
    with_shape,
    with_stages,
)
from styletransfer.synthesis import Listener, Step, coarse_to_fine

CHECKPOINT, RECORD, FIGURE, PREVIEWS = (
    'checkpoint.safetensors',
    'run.json',
    'figure.png',
    'previews',
)

# a file half written when its process was killed: see `replacing`
LEFTOVER = r'\.\d+-(stage|figure|run|checkpoint).*'

# what may differ between a run and its resumption
UNTIED = ('resume', 'quiet', 'output', 'save_every', 'checkpoint_every')


def flag(name: str) -> str:
    """Return the flag for a field of a recipe or of its stages."""
    return '--' + {'num_epochs': 'epochs'}.get(name, name).replace('_', '-')


def make_parser() -> Parser:
    """Return the command's parser; flags for a recipe's numbers come from its dataclasses."""
    parser = Parser('train', 'Turn a photo into a painting, coarse to fine.')
    add = parser.add_argument
    shape: Dict[str, Any] = {'type': argument(parse_shape), 'metavar': 'WIDTHxHEIGHT'}
    add('--content', default='lake', help='photo: a file or a sample (%(default)s)')
    add('--style', default='oil_strokes', help='painting: a file or a sample (%(default)s)')
    add('--list-samples', action='store_true', help='list the bundled pictures and stop')
    add('--shape', help="of the result (the recipe's: 560x320)", **shape)
    add('--coarse-shape', help='of the first stage (in proportion to --shape)', **shape)
    add('--keep-aspect', action='store_true', help='take the height from the photo')
    add('--output', default='outputs', metavar='FOLDER', help='for the results (%(default)s)')
    add('--format', default='png', help=f'{", ".join(PICTURE_FORMATS)} (%(default)s)')
    add('--save-every', type=argument(positive), metavar='N', help='epochs between previews')
    add(
        '--checkpoint-every',
        type=argument(positive),
        default=50,
        metavar='N',
        help='epochs between checkpoints (%(default)s)',
    )
    add('--resume', action='store_true', help='go on with the interrupted run in --output')
    add('--init', default='content', help='start: content, noise, style or a file (%(default)s)')
    add('--seed', type=argument(natural), default=0, help='of all randomness (%(default)s)')
    add(
        '--backbone',
        default='auto',
        help=f'network: {", ".join(vgg.BACKBONES)}, or auto: the full one where its weights are',
    )
    add('--weights', metavar='FILE', help="of the network; 'random' leaves it untrained")
    add('--device', default='auto', help='cpu, gpu or auto')
    add('--quiet', action='store_true', help='no bars and no messages')
    about = '; '.join(f'{recipe.name}, {recipe.description}' for recipe in RECIPES.values())
    add('--recipe', default='d2l_zh', help=about)
    numbers = parser.add_argument_group('numbers of the recipe')
    stages = parser.add_argument_group('numbers of its stages: one for all, or one,one,... each')
    for group, kind in ((numbers, Recipe), (stages, Stage)):
        for entry in fields(kind):
            parse = entry.metadata.get('parse')
            if parse:
                parse = argument(parse)
                group.add_argument(
                    flag(entry.name),
                    dest=entry.name,
                    type=parse if kind is Recipe else listed(parse),
                    help=entry.metadata['help'],
                )
    return parser


class Job(NamedTuple):
    """One run, with everything checked and read before the long work starts."""

    arguments: Dict[str, Any]
    recipe: Recipe
    device: mx.Context
    backbone: str
    net: nn.HybridSequential
    content_img: np.ndarray
    style_img: np.ndarray
    init_img: np.ndarray
    fingerprint: Dict[str, Any]  # what the result depends on: a resumed run must have the same

    @property
    def folder(self) -> Path:
        """Return where the results go."""
        return Path(self.arguments['output'])

    @property
    def pictures(self) -> List[Path]:
        """Return the files for the pictures of the stages."""
        ending = self.arguments['format']
        return [self.folder / f'stage{n + 1}.{ending}' for n in range(len(self.recipe.stages))]

    def save(self, stage: int, X: np.ndarray) -> Path:
        """Save the picture of a stage and return its file."""
        save_image(self.pictures[stage], postprocess(X))
        return self.pictures[stage]

    def start(self, saved: Optional[Checkpoint]) -> Tuple[int, np.ndarray]:
        """Return the stage, from 0, and the picture with which the work begins."""
        if saved and 'X' in saved.arrays:
            return saved.stage, np.array(saved.arrays['X'])
        return 0, preprocess(self.init_img, self.recipe.stages[0].image_shape)

    def say(self, *lines: str) -> None:
        """Print unless the user wants quiet."""
        if not self.arguments['quiet']:
            print(*lines, sep='\n', flush=True)


def make_recipe(args: Dict[str, Any], content: Path) -> Recipe:
    """Return the recipe that the arguments ask for, complete and checked."""
    recipe = find_recipe(args['recipe'])
    shape = args['shape'] or recipe.stages[-1].image_shape
    if args['keep_aspect']:
        width, height = load_image(content).shape[1::-1]
        shape = (shape[0], max(1, round(shape[0] * height / width)))
    recipe = with_shape(recipe, shape, args['coarse_shape'])
    for entry in fields(Recipe):
        if args.get(entry.name) is not None and 'parse' in entry.metadata:
            recipe = replace(recipe, **{entry.name: args[entry.name]})
    for entry in fields(Stage):
        if args.get(entry.name) is not None:
            recipe = with_stages(recipe, entry.name, args[entry.name])
    stages = tuple(stage for stage in recipe.stages if stage.num_epochs)
    if not stages:
        raise InputError('--epochs leaves out every stage: there is nothing to do')
    return replace(recipe, stages=stages)


def make_job(args: Dict[str, Any]) -> Job:
    """Check and read everything that a run needs.

    Raises
    ------
    InputError
        If anything the user gave cannot be used.
    """
    content = picture_path(args['content'], 'content')
    style = picture_path(args['style'], 'style')
    if args['format'] not in PICTURE_FORMATS:
        raise unknown('picture format', args['format'], PICTURE_FORMATS)
    recipe = make_recipe(args, content)
    shape = recipe.stages[-1].image_shape
    device = find_device(args['device'])
    backbone = vgg.find_backbone(args['backbone'])
    for stage in recipe.stages:
        check_memory(backbone, stage.image_shape, device)
    check_folder(Path(args['output']), shape)
    content_img, style_img = load_image(content, shape), load_image(style, shape)
    pictures = {'content': content, 'style': style}
    if args['init'] == 'noise':
        noise = numpy.random.default_rng(args['seed'])
        width, height = recipe.stages[0].image_shape
        init_img = np.array(noise.uniform(0, 255, (height, width, 3)), dtype='float32')
    elif args['init'] in pictures:
        init_img = {'content': content_img, 'style': style_img}[args['init']]
    else:
        if not (Path(args['init']).suffix or os.path.exists(args['init'])):
            raise unknown('file or start', args['init'], ('content', 'noise', 'style'))
        pictures['init'] = Path(args['init'])
        init_img = load_image(pictures['init'], shape)
    net, weights = vgg.get_net(backbone, args['weights'], device, args['seed'], args['quiet'])
    fingerprint = {
        'recipe': asdict(recipe),
        'backbone': backbone,
        'weights': weights,
        'init': args['init'],
        'seed': args['seed'],
        'pictures': {role: file_sha256(path) for role, path in pictures.items()},
    }
    return Job(
        args, recipe, device, backbone, net, content_img, style_img, init_img, as_json(fingerprint)
    )


def as_json(value: Any) -> Any:
    """Return a value as it comes back from a JSON file: tuples as lists, paths as text."""
    return json.loads(json.dumps(value, default=str))


def check_memory(backbone: str, shape: ImageShape, device: mx.Context) -> None:
    """Refuse a shape that clearly needs more memory than there is."""
    need, have = vgg.memory_estimate(backbone, shape), total_memory(device)
    if not have or need <= have:
        return
    fits = shape
    while vgg.memory_estimate(backbone, fits) > 0.7 * have and max(fits) > vgg.SMALLEST_SIDE:
        width, height = (max(vgg.SMALLEST_SIDE, side * 9 // 10 // 8 * 8) for side in fits)
        fits = width, height
    raise InputError(
        f'{shape_text(shape)} needs about {need / 1e9:.1f} GB of memory, but there are '
        f'{have / 1e9:.1f} GB: {shape_text(fits)} would fit'
    )


def check_folder(folder: Path, shape: ImageShape) -> None:
    """Refuse a folder that cannot be written, is nearly full, or holds files not of a run.

    A folder that is not there yet is not made yet either.
    """
    if os.path.exists(folder) and not folder.is_dir():
        raise InputError(f"--output '{folder}' is a file, not a folder: choose another")
    try:
        there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        with tempfile.TemporaryFile(dir=there):
            free = shutil.disk_usage(there).free
        names = sorted(path.name for path in folder.iterdir()) if there == folder else []
    except OSError as error:
        raise InputError(
            f"cannot write to --output '{folder}': {error.strerror}; choose another folder"
        ) from error
    foreign = [n for n, ours in OURS.items() if n in names and not ours(folder / n)]
    if not set(names) & set(OURS):
        foreign += [n for n in names if n in (FIGURE, PREVIEWS) or re.match(r'stage\d+\.', n)]
    if foreign:
        raise InputError(
            f"'{foreign[0]}' in --output '{folder}' is not of an earlier run and would be "
            'overwritten: choose another folder'
        )
    need = 100 * math.prod(shape)
    if free < need:
        raise InputError(
            f"--output '{folder}' has {free / 1e6:.0f} MB free, about {need / 1e6:.0f} MB are "
            'needed: free some space or choose another folder'
        )


def is_record(path: Path) -> bool:
    """Tell whether a file is the record of a run of this program."""
    try:
        record = json.loads(path.read_text(encoding='utf-8'))
    except (OSError, ValueError):
        return False
    return isinstance(record, dict) and {'arguments', 'recipe', 'stages'} <= set(record)


def is_checkpoint(path: Path) -> bool:
    """Tell whether a file is the checkpoint of a run of this program."""
    try:
        record = load_checkpoint(path).record
    except InputError:
        return False
    return isinstance(record, dict) and {'argv', 'fingerprint'} <= set(record)


OURS = {RECORD: is_record, CHECKPOINT: is_checkpoint}


def find_interrupted(folder: Path) -> Checkpoint:
    """Return the checkpoint of the interrupted run in a folder.

    Raises
    ------
    InputError
        If there is none.
    """
    path = folder / CHECKPOINT
    if not path.is_file():
        done = is_record(folder / RECORD)
        why = 'its run is complete' if done else 'it holds no interrupted run'
        raise InputError(f"nothing to resume in '{folder}': {why}; leave out --resume")
    saved = load_checkpoint(path)
    if not is_checkpoint(path):
        raise InputError(f"'{path}' is not of this command: choose another --output")
    return saved


def resumed(parser: Parser, saved: Checkpoint, given: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the arguments of an interrupted run, changed by those given now where they may be.

    Raises
    ------
    InputError
        If an argument is given that would make it another run.
    """
    args = vars(parser.parse_args(saved.record['argv']))
    args['backbone'] = saved.record['fingerprint']['backbone']  # what 'auto' was at that time
    for name, now in given.items():
        if name not in UNTIED and now != args[name]:
            before = args[name]
            then = f'no {flag(name)}'
            if before not in (None, False):
                then = f'{flag(name)} {as_text(name, before)}, not {as_text(name, now)}'
            raise InputError(
                f'the interrupted run had {then}: leave it out to go on with that run, or leave '
                'out --resume to start another'
            )
    return {**args, **given}


def as_text(name: str, value: Any) -> str:
    """Return the value of a flag as it is written on the command line."""
    if isinstance(value, (list, tuple)):
        return ('x' if name.endswith('shape') else ',').join(map(str, value))
    return str(value)


def run(argv: Optional[Sequence[str]] = None) -> int:
    """Run the command and return its exit status."""
    argv = sys.argv[1:] if argv is None else list(argv)
    parser = make_parser()
    args = vars(parser.parse_args(argv))
    if args['list_samples']:
        for kind in ('content', 'style'):
            print(f'--{kind}', *sorted(samples(kind)))
        return 0
    saved = None
    if args['resume']:
        saved = find_interrupted(Path(args['output']))
        # argparse puts defaults only where there is nothing yet
        nothing = argparse.Namespace(**dict.fromkeys(args))
        given = vars(parser.parse_args(argv, nothing))
        given = {name: value for name, value in given.items() if value is not None}
        args = resumed(parser, saved, {**given, 'output': args['output']})
        argv = saved.record['argv']
    job = make_job(args)
    if saved and saved.record['fingerprint'] != job.fingerprint:
        then, now = saved.record['fingerprint'], job.fingerprint
        changed = [name for name in now if now[name] != then.get(name)]
        raise InputError(
            f'cannot resume: {" and ".join(changed)} changed since the run was interrupted; put '
            'back what was there, or leave out --resume to start another run'
        )
    return paint(job, argv, saved)


def paint(job: Job, argv: Sequence[str], saved: Optional[Checkpoint] = None) -> int:
    """Do the work of a job, write its files, and return the exit status."""
    stages, folder = job.recipe.stages, job.folder
    job.say(
        f'{job.arguments["content"]} in the style of {job.arguments["style"]}: '
        + ', then '.join(f'{shape_text(s.image_shape)} for {s.num_epochs} epochs' for s in stages),
        vgg.describe_choice(job.backbone, job.fingerprint['weights']),
    )
    mx.random.seed(job.arguments['seed'])
    history = History(job.recipe, saved.record['history'] if saved else None)
    record = {'argv': list(argv), 'fingerprint': job.fingerprint}
    checkpoints = Checkpoints(
        folder / CHECKPOINT, job.arguments['checkpoint_every'], history, record
    )
    if not saved:
        if (folder / CHECKPOINT).exists():
            job.say(f"The unfinished run in '{folder}' is replaced; --resume would go on with it.")
        checkpoints.save()
        remove(folder / PREVIEWS, r'stage\d+-epoch\d+\.png')
    bar = Bar(job.recipe)
    go_on = f'python -m styletransfer.train --resume --output {shlex.quote(str(folder))}'
    try:
        with StopAtSignal() as stop_at_signal:
            X = coarse_to_fine(
                job.net,
                job.recipe,
                job.content_img,
                job.style_img,
                job.init_img,
                job.device,
                together(*listeners(job, saved, history, checkpoints, bar), stop_at_signal),
                saved,
            )
        remove(folder, r'stage\d+\.' + f'({"|".join(PICTURE_FORMATS)})', job.pictures)
        write_results(job, X, history)
        remove(folder, LEFTOVER)
        remove(folder / PREVIEWS, LEFTOVER)
    except Interrupted as stop:
        bar.close()
        checkpoints.save(stop.step)
        path = job.save(stage_index(job.recipe, stop.step), stop.step.X)
        print(f'{stop}; the picture so far is {path}. Go on with:  {go_on}', file=sys.stderr)
        return 130
    except KeyboardInterrupt:
        bar.close()
        print(f'stopped. Go on from the last checkpoint with:  {go_on}', file=sys.stderr)
        return 130
    except DivergedError as error:
        bar.close()
        path = job.save(error.index, error.X)
        raise InputError(f'{error}; the last good picture is {path}') from error
    except InputError as error:  # the disk is full, most likely
        bar.close()
        raise InputError(f'{error}; then go on with:  {go_on}') from error
    (folder / CHECKPOINT).unlink(missing_ok=True)
    job.say(
        f'The painting is {job.pictures[-1]}; beside it are the stages before, '
        f'{FIGURE} and {RECORD}.'
    )
    return 0


def listeners(
    job: Job,
    saved: Optional[Checkpoint],
    history: History,
    checkpoints: Checkpoints,
    bar: Bar,
) -> List[Listener]:
    """Return who listens to a run, in the order in which they are told."""

    def save_stage(step: Step) -> None:
        if step.epoch == step.stage.num_epochs:
            job.save(stage_index(job.recipe, step), step.X)

    stop_at_nan = StopAtNaN(job.recipe, *job.start(saved))
    always: List[Listener] = [stop_at_nan, history, save_stage, checkpoints]
    if job.arguments['save_every']:
        always.append(Previews(job.recipe, job.folder / PREVIEWS, job.arguments['save_every']))
    if not job.arguments['quiet']:
        always.append(bar)
    return always


def remove(folder: Path, pattern: str, but: Sequence[Path] = ()) -> None:
    """Remove what an earlier run left, so that no one takes it for this one's."""
    for path in folder.glob('*'):
        if re.fullmatch(pattern, path.name) and path not in but:
            path.unlink()


def write_results(job: Job, X: np.ndarray, history: History) -> None:
    """Write the figure and, last, the record of a run that is complete."""
    result = postprocess(X)
    pictures = {
        'content': job.content_img / 255,
        'style': job.style_img / 255,
        f'result, {shape_text(job.recipe.stages[-1].image_shape)}': result,
    }
    save_figure(job.folder / FIGURE, pictures, history)
    record = {
        'arguments': as_json(job.arguments),
        'recipe': job.fingerprint['recipe'],
        'backbone': job.backbone,
        'weights': job.fingerprint['weights'],
        'versions': {
            'styletransfer': styletransfer.__version__,
            'mxnet': mx.__version__,
            'numpy': numpy.__version__,
            'python': platform.python_version(),
        },
        'seed': job.arguments['seed'],
        'device': str(job.device),
        'peak_memory_bytes': peak_memory(),
        'stages': history.summary(),
    }
    with replacing(job.folder / RECORD) as temporary:
        temporary.write_text(json.dumps(record, indent=2) + '\n', encoding='utf-8')


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run ``python -m styletransfer.train``."""
    return exit_status(lambda: run(argv))


if __name__ == '__main__':
    sys.exit(main())
