"""The frame of every command: how arguments are read, and how mistakes are told."""

import argparse
import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import styletransfer
from styletransfer.__main__ import COMMANDS
from styletransfer.__main__ import run as list_commands
from styletransfer.command import (
    Parser,
    argument,
    exit_status,
    finite,
    jobs,
    joined,
    listed,
    natural,
    positive,
    whole,
)
from styletransfer.errors import InputError


@pytest.fixture
def parser():
    parser = Parser('train', 'For tests.')
    parser.add_argument('--shape')
    parser.add_argument('--lr', type=listed(argument(finite)))
    parser.add_argument('--style', nargs='+')
    parser.add_argument('--tile', type=argument(float))
    parser.add_argument('--save-every', type=argument(positive))
    parser.add_argument('--seed', type=argument(natural), default=0)
    parser.add_argument('--quiet', action='store_true')
    return parser


def test_arguments_are_read(parser):
    args = parser.parse_args(['--lr', '1,0.5', '--save-every', '7', '--quiet'])
    assert vars(args) == {
        'shape': None,
        'lr': [1, 0.5],
        'style': None,
        'tile': None,
        'save_every': 7,
        'seed': 0,
        'quiet': True,
    }


@pytest.mark.parametrize(
    ('argv', 'message'),
    [
        (['--shap', '3x4'], "there is no flag '--shap'; did you mean '--shape'?"),
        (['--save_every=3'], "there is no flag '--save_every'; did you mean '--save-every'?"),
        (['--zzz'], "there is no flag '--zzz'; --help lists all flags"),
        (['-q'], "there is no flag '-q'; --help lists all flags"),
        (['photo.jpg'], "'photo.jpg' stands alone: which flag is it for? --help lists all"),
        (['--shape'], 'argument --shape: expected one argument (--help lists all flags)'),
        (['--lr', '1,x'], "argument --lr: 'x' is not a number (--help lists all flags)"),
        (['--lr', ''], "argument --lr: '' is not a number (--help lists all flags)"),
        (['--tile', 'x'], "argument --tile: 'x' is not a number (--help lists all flags)"),
        (
            ['--lr', 'nan'],
            'argument --lr: it is nan, but must be a finite number, at most 1e+30 (',
        ),
        (['--lr', '1,-inf'], 'argument --lr: it is -inf, but must be a finite number, at most'),
        (['--lr=1e31'], 'argument --lr: it is 1e31, but must be a finite number, at most 1e+30 ('),
        (['--seed', '2147483648'], 'argument --seed: it is 2147483648, but must be at most 21474'),
        (['--seed', '9' * 401], 'argument --seed: it is 9999'),
        (['--seed', '9' * 5000], "argument --seed: '9999"),
        (['--shape=--'], "argument --shape: '--' is no value (--help lists all flags)"),
        (['--lr=--'], "argument --lr: '--' is no value (--help lists all flags)"),
        (['--style=--', 'x'], "argument --style: '--' is no value (--help lists all flags)"),
        (['--style', 'x', '--tile=--'], "argument --tile: '--' is no value (--help lists all"),
        (['--quiet=--'], "argument --quiet: '--' is no value (--help lists all flags)"),
        (['--seed', 'x'], "argument --seed: 'x' is not a whole number (--help lists all flags)"),
        (['--seed', '-1'], 'argument --seed: it is -1, but must not be below 0 (--help lists'),
        (['--save-every', '0'], 'argument --save-every: it is 0, but must be at least 1 (--help'),
        (['--save-every', '1.5'], "argument --save-every: '1.5' is not a whole number (--help"),
    ],
)
def test_mistakes_raise_and_say_what_is_wrong(parser, argv, message):
    with pytest.raises(InputError) as caught:
        parser.parse_args(argv)
    assert str(caught.value).startswith(message)


def test_abbreviations_are_not_taken(parser):  # a new flag could change what they mean
    with pytest.raises(InputError, match=r"no flag '--sha'; did you mean '--shape'\?"):
        parser.parse_args(['--sha', '3x4'])


def test_values_may_begin_with_a_hyphen(parser):
    assert parser.parse_args(['--shape', '-1x5']).shape == '-1x5'
    assert parser.parse_args(['--lr', '-1e30']).lr == [-1e30]
    assert parser.parse_args(['--shape=--x']).shape == '--x'


@pytest.mark.parametrize(
    ('given', 'expected'),
    [
        (['--a', '-1'], ['--a=-1']),
        (['--a', '1', '--b'], ['--a', '1', '--b']),
        (['--a', '--b', '-2'], ['--a', '--b=-2']),
        (['--a', '-h'], ['--a', '-h']),
        (['--a=1', '-2'], ['--a=1', '-2']),
        (['-x', '-y'], ['-x', '-y']),
        (['--a', '-'], ['--a', '-']),
        ([], []),
    ],
)
def test_joined(given, expected):
    assert joined(given) == expected


def test_help_lists_flags_and_ends_well(parser, capsys):
    with pytest.raises(SystemExit) as ended:
        parser.parse_args(['--help'])
    assert ended.value.code == 0
    assert '--save-every' in capsys.readouterr().out


def test_arguments_of_the_process_by_default(parser, monkeypatch):
    monkeypatch.setattr('sys.argv', ['train', '--seed', '5'])
    assert parser.parse_args().seed == 5


def test_what_was_given_before_stays(parser):
    args = parser.parse_args(['--seed', '5'], argparse.Namespace(quiet='set'))
    assert (args.seed, args.quiet) == (5, 'set')


def test_exit_status_is_that_of_the_command(capsys):
    assert exit_status(lambda: 0) == 0
    assert exit_status(lambda: 130) == 130
    assert capsys.readouterr() == ('', '')


@pytest.mark.parametrize('number', [-(2**31) + 1, 0, 2**31 - 1])
def test_whole_numbers(number):
    assert whole(str(number)) == number


@pytest.mark.parametrize('number', [-1e30, 0.0, 1e-300, 1e30])
def test_finite_numbers(number):
    assert finite(str(number)) == number


def refuse(words):
    def run():
        raise InputError(words)

    return run


def test_a_mistake_of_the_user_is_one_line_and_status_2(capsys):
    assert exit_status(refuse("there is no 'x'; did you mean 'é'?")) == 2
    assert capsys.readouterr() == ('', "error: there is no 'x'; did you mean 'é'?\n")


@pytest.mark.parametrize(
    ('words', 'told'),
    [
        ('the first line\nthe second\tone', r'the first line\nthe second\tone'),
        ("no '\x1b[2J\x9b1m\x07'", r"no '\x1b[2J\x9b1m\x07'"),
        ("no '\udcff\u202e.png'", r"no '\udcff\u202e.png'"),
        ('begin ' + 'x' * 5000 + ' end', 'begin ' + 'x' * 487 + ' ... ' + 'x' * 496 + ' end'),
        ('x' * 993, 'x' * 993),
    ],
    ids=['lines', 'escapes', 'names', 'long', 'not quite'],
)
def test_whatever_was_given_it_is_one_line_that_can_be_shown(capsys, words, told):
    assert exit_status(refuse(words)) == 2
    assert capsys.readouterr() == ('', f'error: {told}\n')


def test_names_that_the_terminal_cannot_show_are_printed_escaped(monkeypatch):
    printed = io.BytesIO()
    monkeypatch.setattr(sys, 'stdout', io.TextIOWrapper(printed, encoding='ascii'))
    assert exit_status(lambda: print(os.fsdecode(b'\xff.png'), 'é') or 0) == 0
    assert printed.getvalue() == rb'\udcff.png \xe9' + b'\n'


@pytest.fixture
def program(tmp_path):
    """Return a function that runs Python with a stand-in for MXNet, which takes a second less."""
    root = Path(styletransfer.__file__).parents[1]
    environment = {**os.environ, 'PYTHONPATH': f'{tmp_path}:{root}'}
    environment.pop('PYTHONUNBUFFERED', None)  # what is left in buffers is what matters

    def run(*args, mxnet='class npx: set_np = lambda: None', **options):
        (tmp_path / 'mxnet.py').write_text(mxnet)
        return subprocess.run(
            [sys.executable, *args],
            env=environment,
            check=False,
            **options,
        )

    return run


@pytest.mark.parametrize('what', ["print('told')", "print('told'); sys.exit(0)"])
def test_printing_into_a_pipe_that_nobody_reads(program, what):
    reads, writes = os.pipe()
    os.close(reads)
    text = f'import sys; from styletransfer.command import *\ndef run(): {what}\n'
    text += 'sys.exit(exit_status(run))'
    done = program('-c', text, stdout=writes, stderr=subprocess.PIPE)
    os.close(writes)
    assert (done.returncode, done.stderr) == (141, b'')


def test_printing_on_a_disk_that_is_full(program):
    with open('/dev/full', 'w') as full:
        done = program('-m', 'styletransfer', stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert done.stderr == b'error: the system refuses: No space left on device\n'


@pytest.mark.parametrize('number', [1, 2])
def test_printing_where_there_is_nothing_to_print_on(program, number):
    text = """if True:
        import sys; from styletransfer.command import *
        def run():
            print('told', flush=True)
            raise InputError('x')
        sys.exit(exit_status(run))"""
    pipe = subprocess.PIPE
    done = program(
        '-c', text, stdout=pipe, stderr=pipe, preexec_fn=lambda: os.close(number), text=True
    )
    assert done.returncode == 2
    assert (done.stdout, done.stderr) == [('', 'error: x\n'), ('told\n', '')][number - 1]


def test_complaining_on_a_disk_that_is_full(program):
    text = 'import sys; from styletransfer.command import *\nsys.exit(jobs("a", "b", {})(["x"]))'
    with open('/dev/full', 'w') as full:
        assert program('-c', text, stderr=full).returncode == 2


def test_what_the_system_refuses_unforeseen(capsys):
    def run():
        os.stat('x' * 300)

    assert exit_status(run) == 2
    name = 'x' * 300
    assert capsys.readouterr().err == f"error: the system refuses '{name}': File name too long\n"


def test_of_a_command_that_is_not_loaded_yet_ctrl_c_leaves_nothing_to_read(program):
    mxnet = 'import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nos._exit(7)'

    def load(handler):
        done = program(
            *('-m', 'styletransfer'),
            mxnet=mxnet,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: signal.signal(signal.SIGINT, handler),
        )
        return done.returncode, done.stderr

    assert load(signal.SIG_DFL) == (-signal.SIGINT, b'')
    assert load(signal.SIG_IGN) == (7, b'')  # as of a job in the background


def test_once_it_runs_ctrl_c_is_told(capsys):
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        assert exit_status(lambda: os.kill(os.getpid(), signal.SIGINT) or 0) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert capsys.readouterr() == ('', 'stopped\n')


def test_ctrl_c_is_one_word_and_status_130(capsys):
    def run():
        raise KeyboardInterrupt

    assert exit_status(run) == 130
    assert capsys.readouterr() == ('', 'stopped\n')


def test_a_mistake_of_ours_shows_its_traceback():
    def run():
        raise ValueError('ours')

    with pytest.raises(ValueError, match='ours'):
        exit_status(run)


def paint(argv):
    """Paint a picture.

    Not shown.
    """
    print('painting', *argv)
    return 7


def test_a_job_is_given_the_arguments_behind_its_name(capsys):
    main = jobs('studio', 'For tests.', {'paint': paint})
    assert main(['paint', '--shape', '5x5']) == 7
    assert capsys.readouterr() == ('painting --shape 5x5\n', '')


@pytest.mark.parametrize('argv', [[], ['-h'], ['--help']])
def test_without_a_job_the_jobs_are_listed(capsys, argv):
    assert jobs('studio', 'For tests.', {'paint': paint})(argv) == 0
    told = capsys.readouterr().out
    assert 'python -m styletransfer.studio JOB' in told
    assert '  paint  Paint a picture.\n' in told
    assert 'Not shown' not in told


def test_an_unknown_job_is_a_mistake_of_the_user(capsys):
    assert jobs('studio', 'For tests.', {'paint': paint})(['paimt']) == 2
    assert capsys.readouterr().err == "error: there is no job 'paimt'; did you mean 'paint'?\n"


def test_the_package_lists_all_its_commands(capsys):
    assert list_commands([]) == 0
    told = capsys.readouterr().out
    package = Path(styletransfer.__file__).parent
    folders = {path.parent.name for path in package.glob('*/__main__.py')}
    files = {path.stem for path in package.glob('*.py') if '\nif __name__' in path.read_text()}
    assert set(COMMANDS) == (folders | files) - {'__main__'}
    for name, about in COMMANDS.items():
        assert f'  {name}' in told
        assert about in told


@pytest.fixture
def script(tmp_path):
    """Return what runs ``styletransfer`` as pip would install it."""
    path = tmp_path / 'styletransfer'
    path.write_text(
        'import sys\nfrom styletransfer.__main__ import main\n'
        "if __name__ == '__main__':\n    sys.exit(main())\n"
    )

    def run(*argv):
        return subprocess.run(
            [sys.executable, '-W', 'error', path, *argv],
            env={**os.environ, 'PYTHONPATH': str(Path(styletransfer.__file__).parent.parent)},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_the_console_command_becomes_the_command_that_is_named(script):
    assert script('--version').stdout == f'styletransfer {styletransfer.__version__}\n'
    assert 'oil_strokes' in script('train', '--list-samples').stdout
    done = script('weights', 'path', 'vgg20')
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.startswith("error: there is no network 'vgg20'")


def test_a_console_command_that_is_not_known(script):
    done = script('trian')
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr == "error: there is no command 'trian'; did you mean 'train'?\n"
