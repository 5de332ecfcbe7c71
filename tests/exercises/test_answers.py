"""The model answers: every open question has one, in both languages, and no student gets them."""

import re

import pytest
from student_notebooks import ANSWERS, EXERCISES, ROOT, SOURCES

from styletransfer.errors import InputError
from styletransfer.exercises.__main__ import main
from styletransfer.exercises.release import release

CHINESE = '.zh.md'
EARNS = {'.md': ('*Earns*', '*Does not*'), CHINESE: ('*得分*', '*不得分*')}


def ending(path):
    return CHINESE if path.name.endswith(CHINESE) else '.md'


def chapter_of(source):
    """Return the page of the chapter that a teacher's notebook belongs to."""
    return EXERCISES.parent / source.name


def answers_to(source):
    """Return the file with the answers that go with a teacher's notebook."""
    return source.with_name(f'{source.name[:2]}-answers{ending(source)}')


def asked_between_tasks(source):
    """Return the questions in italics between the tasks."""
    return re.findall(r'^\*([^*\n].*[^*\n])\*$', source.read_text(encoding='utf-8'), re.MULTILINE)


def asked_at_the_end(chapter):
    """Return the exercises of a chapter's last section but one, without their numbers."""
    text = chapter.read_text(encoding='utf-8')
    section = re.split(r'^## (?:Exercises|练习)$', text, flags=re.MULTILINE)[1]
    section = re.split(r'^## ', section, flags=re.MULTILINE)[0]
    return re.findall(r'^\d+\. (.+)$', section, re.MULTILINE)


def answered(path):
    """Return question and answer of each section of a file of answers."""
    sections = re.split(r'^### .+\n', path.read_text(encoding='utf-8'), flags=re.MULTILINE)[1:]
    pairs = [re.fullmatch(r'\n> (.+)\n\n((?:.|\n)+?)\n*(?:## (?:.|\n)*)?', s) for s in sections]
    return [pair.groups() for pair in pairs]


def test_every_notebook_has_answers_and_all_answers_a_notebook():
    assert sorted(map(answers_to, SOURCES)) == sorted(ANSWERS)


@pytest.mark.parametrize('source', SOURCES, ids=lambda path: path.name)
def test_each_question_is_answered_word_for_word_and_in_order(source):
    asked = asked_between_tasks(source) + asked_at_the_end(chapter_of(source))
    assert len(asked) > 10
    assert [question for question, _ in answered(answers_to(source))] == asked


@pytest.mark.parametrize('path', ANSWERS, ids=lambda path: path.name)
def test_each_answer_says_what_earns_the_point_and_what_does_not(path):
    earns, not_ = EARNS[ending(path)]
    for question, answer in answered(path):
        *lines, last = answer.split('\n\n')
        assert lines, question
        assert last.startswith(earns), question
        assert last.count(not_) == 1, question


@pytest.mark.parametrize('path', ANSWERS, ids=lambda path: path.name)
def test_no_notebook_is_made_of_answers(path, tmp_path):
    with pytest.raises(InputError, match='stays with teachers'):
        release(path, tmp_path / 'students')
    assert main(['release', str(path), '--output', str(tmp_path / 'students')]) == 2
    assert not (tmp_path / 'students').exists()


def test_release_of_the_whole_folder_passes_over_the_answers(tmp_path, capsys):
    pair = [SOURCES[0], ANSWERS[0]]
    assert main(['release', *map(str, pair), '--output', str(tmp_path)]) == 0
    assert [path.name for path in tmp_path.iterdir()] == [SOURCES[0].with_suffix('.ipynb').name]
    assert 'answers' not in capsys.readouterr().out


@pytest.mark.parametrize('path', ANSWERS, ids=lambda path: path.name)
def test_no_answer_stands_in_a_student_file(path):
    built = [p.read_text(encoding='utf-8') for p in EXERCISES.glob('*.ipynb')]
    pages = [p.read_text(encoding='utf-8') for p in (ROOT / 'chapters').glob('[0-9]*.md')]
    for _, answer in answered(path):
        sentence = answer.split('\n\n')[0][:60]
        assert not any(sentence in text for text in built + pages), sentence


@pytest.mark.parametrize('end', ['.md', CHINESE])
def test_the_teachers_page_leads_to_all_answers_and_to_the_hand_out(end):
    page = (EXERCISES.parent / f'teaching{end}').read_text(encoding='utf-8')
    links = re.findall(r'\]\(([^)#]+)\)', page)
    assert all((EXERCISES.parent / link).is_file() for link in links)
    answers = {f'exercises/solutions/{path.name}' for path in ANSWERS if ending(path) == end}
    assert answers | {f'handout{end}'} <= set(links)


def test_the_hand_out_fits_on_a_page():
    assert len((EXERCISES.parent / 'handout.md').read_text(encoding='utf-8').split()) < 500
    assert len((EXERCISES.parent / f'handout{CHINESE}').read_text(encoding='utf-8')) < 1600
