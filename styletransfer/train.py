"""The main job: ``python -m styletransfer.train`` turns a photo into a painting.

Arguments become a `Job`, the job a run, the run files. The painting itself is done in
`styletransfer.synthesis`.
"""

from __future__ import annotations

import json
import math
import platform
import shutil
import sys
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence

import mxnet as mx
import numpy
from mxnet import numpy as np
from mxnet.gluon import nn

import styletransfer
from styletransfer import vgg
from styletransfer.checkpoint import Checkpoint, load_checkpoint
from styletransfer.command import Parser, argument, exit_status, listed, natural, positive
from styletransfer.errors import InputError
from styletransfer.files import file_sha256, replacing
from styletransfer.images import (
    load_image,
    parse_shape,
    picture_path,
    postprocess,
    samples,
    save_format,
    save_image,
)
from styletransfer.machine import find_device, peak_memory, total_memory
from styletransfer.progress import (
    Bar,
    Checkpoints,
    Diverged,
    History,
    Interrupted,
    Previews,
    StopAtNaN,
    StopAtSignal,
    save_figure,
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
from styletransfer.synthesis import Step, coarse_to_fine

CHECKPOINT, RECORD, FIGURE, PREVIEWS = 'checkpoint.safetensors', 'run.json', 'figure.png', 'previews'

# what may differ between a run and its resumption
UNTIED = ('resume', 'quiet', 'output', 'save_every', 'checkpoint_every', 'list_samples')


def flag(name: str) -> str:
    """Return the flag for a field of a recipe or of its stages."""
    return '--' + {'num_epochs': 'epochs'}.get(name, name).replace('_', '-')


def make_parser() -> Parser:
    """Return the command's parser; flags for a recipe's numbers come from its dataclasses."""
    parser = Parser('train', 'Turn a photo into a painting, coarse to fine.')
    add = parser.add_argument
    shape = {'type': argument(parse_shape), 'metavar': 'WIDTHxHEIGHT'}
    add('--content', default='lake', help='photo: a file or a sample (%(default)s)')
    add('--style', default='oil_strokes', help='painting: a file or a sample (%(default)s)')
    add('--list-samples', action='store_true', help='list the bundled pictures and stop')
    add('--shape', help="of the result (the recipe's: 560x320)", **shape)
    add('--coarse-shape', help='of the first stage (in proportion to --shape)', **shape)
    add('--keep-aspect', action='store_true', help='take the height from the photo')
    add('--output', default='outputs', metavar='FOLDER', help='for the results (%(default)s)')
    add('--format', default='png', help='of the pictures: png, jpg, webp, tiff (%(default)s)')
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
                parse = argument(parse if kind is Recipe else listed(parse))
                help = entry.metadata['help']
                group.add_argument(flag(entry.name), dest=entry.name, type=parse, help=help)
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

    def picture(self, stage: int) -> Path:
        """Return the file for the picture of a stage, counted from 0."""
        return self.folder / f'stage{stage + 1}.{self.arguments["format"]}'

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
    save_format(f'picture.{args["format"]}')
    recipe = make_recipe(args, content)
    shape = recipe.stages[-1].image_shape
    device = find_device(args['device'])
    backbone = vgg.find_backbone(args['backbone'])
    check_memory(vgg.memory_estimate(backbone, shape), shape)
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


def check_memory(need: int, shape: Sequence[int]) -> None:
    """Refuse a shape that clearly needs more memory than this machine has."""
    have = total_memory()
    if have and need > have:
        scale = math.sqrt(0.7 * have / need)
        width, height = (max(vgg.SMALLEST_SIDE, int(side * scale) // 16 * 16) for side in shape)
        raise InputError(
            f'{shape_text(tuple(shape))} needs about {need / 1e9:.1f} GB of memory, this machine '
            f'has {have / 1e9:.1f} GB: --shape {width}x{height} would fit'
        )


def check_folder(folder: Path, shape: Sequence[int]) -> None:
    """Refuse a folder that cannot be written, is nearly full, or holds files not of a run."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"--output '{folder}' is a file, not a folder: choose another")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / '.probe') as probe:
            probe.write_bytes(b'')
        (folder / '.probe').unlink()
        names = {path.name for path in folder.iterdir()}
    except OSError as error:
        raise InputError(f"cannot write to --output '{folder}': {error.strerror}") from error
    if not (names & {CHECKPOINT} or is_record(folder / RECORD)):
        clash = [n for n in sorted(names) if n in (RECORD, FIGURE) or n.startswith('stage')]
        if clash:
            raise InputError(
                f"'{clash[0]}' in --output '{folder}' is not of an earlier run and would be "
                'overwritten: choose another folder'
            )
    free, need = shutil.disk_usage(folder).free, 100 * math.prod(shape)
    if free < need:
        raise InputError(
            f"--output '{folder}' has {free / 1e6:.0f} MB free, about {need / 1e6:.0f} MB are "
            'needed: free some space or choose another folder'
        )


def is_record(path: Path) -> bool:
    """Tell whether a file is the record of a run of this program."""
    try:
        return 'stages' in json.loads(path.read_text(encoding='utf-8'))
    except (OSError, ValueError):
        return False


def find_interrupted(args: Dict[str, Any], defaults: Dict[str, Any]) -> Checkpoint:
    """Return the checkpoint in the output folder, and let its arguments take effect in `args`.

    Raises
    ------
    InputError
        If there is none, or an argument was given that the interrupted run did not have.
    """
    path = Path(args['output']) / CHECKPOINT
    if not path.is_file():
        done = is_record(path.with_name(RECORD))
        why = 'its run is complete' if done else 'it holds no interrupted run'
        raise InputError(f"nothing to resume in '{path.parent}': {why}; leave out --resume")
    saved = load_checkpoint(path)
    for name, then in saved.record['arguments'].items():
        if name in UNTIED:
            continue
        now = as_json(args[name])
        if now not in (then, as_json(defaults[name])):
            raise InputError(
                f'the interrupted run had {flag(name)} {then}, not {now}: leave it out to go on '
                'with that run, or leave out --resume to start another'
            )
        args[name] = then
    return saved


def run(argv: Optional[Sequence[str]] = None) -> int:
    """Run the command and return its exit status."""
    parser = make_parser()
    args, defaults = vars(parser.parse_args(argv)), vars(parser.parse_args([]))
    if args['list_samples']:
        for kind in ('content', 'style'):
            print(f'--{kind}', *sorted(samples(kind)))
        return 0
    saved = find_interrupted(args, defaults) if args['resume'] else None
    job = make_job(args)
    if saved and saved.record['fingerprint'] != job.fingerprint:
        then, now = saved.record['fingerprint'], job.fingerprint
        changed = [name for name in now if now[name] != then.get(name)]
        raise InputError(
            f'cannot resume: the {" and ".join(changed)} changed since the run was interrupted; '
            'leave out --resume to start another'
        )
    return paint(job, saved)


def paint(job: Job, saved: Optional[Checkpoint] = None) -> int:
    """Do the work of a job, write its files, and return the exit status."""
    stages, folder = job.recipe.stages, job.folder
    job.say(
        f'{job.arguments["content"]} in the style of {job.arguments["style"]}: '
        + ', then '.join(f'{shape_text(s.image_shape)} for {s.num_epochs} epochs' for s in stages),
        vgg.describe_choice(job.backbone, job.fingerprint['weights']),
    )
    mx.random.seed(job.arguments['seed'])
    history = History(job.recipe, saved.record['history'] if saved else None)
    record = {'arguments': as_json(job.arguments), 'fingerprint': job.fingerprint}
    checkpoints = Checkpoints(
        folder / CHECKPOINT, job.arguments['checkpoint_every'], history, record
    )
    if not saved:
        checkpoints.save()
    bar = Bar(job.recipe)

    def save_stage(step: Step) -> None:
        if step.epoch == step.stage.num_epochs:
            save_image(job.picture(stages.index(step.stage)), postprocess(step.X))

    listeners = [StopAtNaN(), history, save_stage, checkpoints]
    if job.arguments['save_every']:
        listeners.append(Previews(job.recipe, folder / PREVIEWS, job.arguments['save_every']))
    if not job.arguments['quiet']:
        listeners.append(bar)
    try:
        with StopAtSignal() as stop_at_signal:
            X = coarse_to_fine(
                job.net,
                job.recipe,
                job.content_img,
                job.style_img,
                job.init_img,
                job.device,
                together(*listeners, stop_at_signal),
                saved,
            )
    except Interrupted as stop:
        bar.close()
        checkpoints.save(stop.step)
        path = job.picture(stages.index(stop.step.stage))
        save_image(path, postprocess(stop.step.X))
        print(
            f'{stop}; the picture so far is {path}. Go on with:  '
            f'python -m styletransfer.train --resume --output {folder}',
            file=sys.stderr,
        )
        return 130
    except Diverged as error:
        bar.close()
        if error.X is None:
            raise
        path = job.picture(len(history.stages) - 1)
        save_image(path, postprocess(error.X))
        raise InputError(f'{error}; the last good picture is {path}') from error
    write_results(job, X, history)
    (folder / CHECKPOINT).unlink()
    job.say(
        f'The painting is {job.picture(len(stages) - 1)}; beside it are the stages before, '
        f'{FIGURE} and {RECORD}.'
    )
    return 0


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
