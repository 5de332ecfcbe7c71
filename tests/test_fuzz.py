"""Thousands of odd inputs of fixed seeds: each is used, or refused in one line."""

import pytest
from fuzzing import KINDS, attack

COUNTS = {'pictures': 1000, 'checkpoints': 500, 'records': 700, 'weights': 600, 'flags': 700}


@pytest.mark.parametrize('kind', KINDS)
def test_whatever_is_given_it_is_used_or_refused_in_one_line(tmp_path, monkeypatch, capfd, kind):
    monkeypatch.chdir(tmp_path)
    wrong = {}
    for seed in range(COUNTS[kind]):
        found = attack(kind, seed, tmp_path / str(seed))
        if found:
            wrong[seed] = found
    assert not wrong, '\n'.join(f'{kind} {seed}: {found}' for seed, found in wrong.items())
    assert capfd.readouterr() == ('', '')
