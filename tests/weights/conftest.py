"""What every test of weights needs: nothing of this machine's, nothing of the network's."""

import pytest


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """A cache of the test's own, no proxy and no mirror."""
    monkeypatch.setenv('MXNET_HOME', str(tmp_path / 'home'))
    for name in ('HF_ENDPOINT', 'MXNET_GLUON_REPO'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('NO_PROXY', '127.0.0.1')
