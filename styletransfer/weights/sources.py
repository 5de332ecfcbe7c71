"""Where the weights of each network can be had: the facts, and where the files lie afterwards.

Downloaded weights lie in Gluon's own folder, ``models`` in MXNET_HOME (by default ``~/.mxnet``),
under names made like Gluon's: the network, and the first eight digits of the published hash. A
file that Gluon has downloaded before is found there, and Gluon finds ours of that name.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterable, List, Tuple

from mxnet.base import data_dir

from styletransfer.files import assets_folder, file_hash

LARGEST_FILE = 600_000_000  # bytes; all of VGG-19 is 143,667,240 numbers of four

Tensors = Tuple[Tuple[str, Tuple[int, ...]], ...]  # names and shapes


@dataclass(frozen=True)
class Source:
    """Who offers a network's weights, how, and under which terms.

    Parameters
    ----------
    name : str
        For people: in tables, messages and the record of a run.
    file : str
        What the weights are called on this machine; the ending tells the format.
    size : int
        About how many bytes are transferred.
    licence : str
        Of the weights.
    hash : str
        Kind and value of the published hash, such as 'md5:253f...', of the file offered. Where
        that is a zip it is the hash of the file in it. Empty if none is published.
    host, path : str
        Together the address; empty for weights that come with this package.
    host_variable : str
        The environment variable by which users name another host, a mirror.
    tensors : tuple of (name, shape)
        If not all of the file is wanted: what is. Such a file is safetensors.
    """

    name: str
    file: str
    size: int
    licence: str
    hash: str = ''
    host: str = ''
    path: str = ''
    host_variable: str = ''
    tensors: Tensors = ()

    @property
    def published_url(self) -> str:
        """The address under which everybody finds the file; empty if it is bundled."""
        return f'{self.host}/{self.path}' if self.host else ''

    @property
    def url(self) -> str:
        """The address to ask: on the user's mirror if the environment names one."""
        mirror = os.environ.get(self.host_variable, '').rstrip('/')
        return f'{mirror}/{self.path}' if self.host and mirror else self.published_url

    @property
    def location(self) -> Path:
        """Where the file lies on this machine, or would."""
        return (cache_folder() if self.host else assets_folder()) / self.file

    def published(self, path: Path) -> bool:
        """Return whether the bytes of a file are those whose hash is published."""
        kind, _, value = self.hash.partition(':')
        return file_hash(path, kind) == value


def cache_folder() -> Path:
    """Return the folder in which Gluon, too, keeps downloaded weights."""
    return Path(data_dir()).expanduser() / 'models'


def conv_tensors(convs: Iterable[Tuple[int, int, int]]) -> Tensors:
    """Return names and shapes, as PyTorch has them, for convolutions (number, width in, out)."""
    tensors: List[Tuple[str, Tuple[int, ...]]] = []
    for number, width_in, width_out in convs:
        tensors.append((f'features.{number}.weight', (width_out, width_in, 3, 3)))
        tensors.append((f'features.{number}.bias', (width_out,)))
    return tuple(tensors)


# up to conv5_1, behind which this package cuts the network: 13 of 16
_VGG19_CONVS = (
    (0, 3, 64),
    (2, 64, 64),
    (5, 64, 128),
    (7, 128, 128),
    (10, 128, 256),
    (12, 256, 256),
    (14, 256, 256),
    (16, 256, 256),
    (19, 256, 512),
    (21, 512, 512),
    (23, 512, 512),
    (25, 512, 512),
    (28, 512, 512),
)

_VGG19 = (
    Source(
        name='Hugging Face, timm/vgg19.tv_in1k',  # torchvision's, as in the book's PyTorch code
        file='vgg19-11aea017.safetensors',
        size=51_784_000,
        licence='BSD-3-Clause',
        hash='sha256:11aea017b543ff59233749d8f1cf544cda749378f5790d2fedab841fb86b7669',
        host='https://huggingface.co',
        host_variable='HF_ENDPOINT',
        path='timm/vgg19.tv_in1k/resolve/main/model.safetensors',
        tensors=conv_tensors(_VGG19_CONVS),
    ),
    Source(
        name='Keras applications',  # Simonyan's own, converted from Caffe
        file='vgg19-253f8cb5.h5',
        size=80_134_624,
        licence='CC BY 4.0',
        hash='md5:253f8cb515780f3b799900260a226db6',
        host='https://github.com',
        path=(
            'fchollet/deep-learning-models/releases/download/v0.1/'
            'vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5'
        ),
    ),
    Source(
        name="MXNet's neural-style example",  # Simonyan's own, converted from Caffe
        file='vgg19-9dfbe2ed.params',
        size=80_100_000,
        licence='CC BY 4.0',
        hash='git:9dfbe2ed44e0e8914f9551888bf763e14c09c778',
        host='https://github.com',
        path='dmlc/web-data/raw/master/mxnet/neural-style/model/vgg19.params',
    ),
    Source(
        name="Gluon's model zoo",  # as in the book's MXNet code
        file='vgg19-ad2f660d.params',
        size=575_000_000,
        licence='Apache-2.0',
        hash='sha1:ad2f660d101905472b83590b59708b71ea22b2e5',
        host='https://apache-mxnet.s3-accelerate.dualstack.amazonaws.com',
        host_variable='MXNET_GLUON_REPO',
        path='gluon/models/vgg19-ad2f660d.zip',
    ),
)

_VGG16_CONVS = (
    *_VGG19_CONVS[:7],
    (17, 256, 512),
    (19, 512, 512),
    (21, 512, 512),
    (24, 512, 512),
    (26, 512, 512),
    (28, 512, 512),
)

_VGG16 = (
    Source(
        name='Hugging Face, timm/vgg16.tv_in1k',
        file='vgg16-57b02691.safetensors',
        size=58_864_000,
        licence='BSD-3-Clause',
        hash='sha256:57b026918159a6bf9faf8405c3a551903768e7138989d9c6224a14227203fad8',
        host='https://huggingface.co',
        host_variable='HF_ENDPOINT',
        path='timm/vgg16.tv_in1k/resolve/main/model.safetensors',
        tensors=conv_tensors(_VGG16_CONVS),
    ),
    Source(
        name='Keras applications',
        file='vgg16-6d6bbae1.h5',
        size=58_889_256,
        licence='CC BY 4.0',
        hash='md5:6d6bbae143d832006294945121d1f1fc',
        host='https://github.com',
        path=(
            'fchollet/deep-learning-models/releases/download/v0.1/'
            'vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5'
        ),
    ),
    Source(
        name="Gluon's model zoo",
        file='vgg16-e660d456.params',
        size=553_000_000,
        licence='Apache-2.0',
        hash='sha1:e660d4569ccb679ec68f1fd3cce07a387252a90a',
        host='https://apache-mxnet.s3-accelerate.dualstack.amazonaws.com',
        host_variable='MXNET_GLUON_REPO',
        path='gluon/models/vgg16-e660d456.zip',
    ),
)

_VGG19_SLIM = (
    Source(
        name='with this package',
        file='vgg19_slim.safetensors',
        size=3_243_000,
        licence='CC BY 4.0',
    ),
)

# of each network, in the order in which they are looked for and asked: the smallest comes first
SOURCES: Dict[str, Tuple[Source, ...]] = {
    'vgg19': _VGG19,
    'vgg19_slim': _VGG19_SLIM,
    'vgg16': _VGG16,
    'vgg16_slim': _VGG19_SLIM,  # no other was trained: see styletransfer.vgg
}
