"""The frame of every command: how arguments are read, and how mistakes are told."""

import argparse
from pathlib import Path

import pytest

import styletransfer
from styletransfer.__main__ import COMMANDS
from styletransfer.__main__ import main as list_commands
from styletransfer.command import (
    Parser,
    argument,
    exit_status,
    jobs,
    joined,
    listed,
    natural,
    positive,
)
from styletransfer.errors import InputError


@pytest.fixture
def parser():
    parser = Parser('train', 'For tests.')
    parser.add_argument('--shape')
    parser.add_argument('--lr', type=listed(argument(float)))
    parser.add_argument('--save-every', type=argument(positive))
    parser.add_argument('--seed', type=argument(natural), default=0)
    parser.add_argument('--quiet', action='store_true')
    return parser


def test_arguments_are_read(parser):
    args = parser.parse_args(['--lr', '1,0.5', '--save-every', '7', '--quiet'])
    assert vars(args) == {
        'shape': None,
        'lr': [1, 0.5],
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
    assert parser.parse_args(['--lr', '-inf']).lr == [float('-inf')]


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


def test_a_mistake_of_the_user_is_one_line_and_status_2(capsys):
    def run():
        raise InputError('the first line\nthe second\tone')

    assert exit_status(run) == 2
    assert capsys.readouterr() == ('', 'error: the first line the second one\n')


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
    list_commands()
    told = capsys.readouterr().out
    package = Path(styletransfer.__file__).parent
    folders = {path.parent.name for path in package.glob('*/__main__.py')}
    files = {path.stem for path in package.glob('*.py') if '\nif __name__' in path.read_text()}
    assert set(COMMANDS) == (folders | files) - {'__main__'}
    for name, about in COMMANDS.items():
        assert f'  {name}' in told
        assert about in told
