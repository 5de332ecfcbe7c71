r"""From a file of weights, of whatever kind, to VGG's convolutions in the order they are applied.

VGG is a plain chain, so its weights are a plain list: the k-th entry belongs to the k-th
convolution. Each reader below finds that order in its own format's names:

================  ======================  ====================================  =================
format            names                   found in                              trained to read
================  ======================  ====================================  =================
``.safetensors``  ``features.28.weight``  timm, torchvision; this project's     RGB, mean and std
``.params``       ``features.28.weight``  Gluon's ``save_parameters``           RGB, mean and std
\                 ``vgg0_conv12_weight``  Gluon's older model zoo               RGB, mean and std
\                 ``conv5_1_weight``      MXNet symbol files (after ``arg:``)   RGB 0-255 - mean
``.h5``           ``block5_conv1``        Keras applications                    BGR 0-255 - mean
``.npz``          ``conv5_1.weight``      teachers for styletransfer.distill    as the file says
================  ======================  ====================================  =================

"Mean and std" is what `styletransfer.images.preprocess` makes of a picture. The first convolution
of every other network is changed to read that too: see `fold_input`.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Dict, Iterable, List, Mapping, Tuple

import mxnet as mx
import numpy

from styletransfer.errors import InputError
from styletransfer.images import rgb_mean, rgb_std

Conv = Tuple[numpy.ndarray, numpy.ndarray]  # weight (out, in, 3, 3) and bias (out,)

CAFFE_MEAN = (123.68, 116.779, 103.939)  # of ImageNet in RGB 0-255, as Simonyan's VGG subtracts it


class WeightsError(InputError):
    """A file does not hold the weights that were expected; the message says what to do."""


def read_weights(path: Path) -> List[Conv]:
    """Return the convolutions of a VGG kept in a file, first to last, for RGB mean/std input.

    Parameters
    ----------
    path : Path
        A file in one of the formats of the table above, told by its ending.

    Returns
    -------
    list of (weight, bias)
        Of shapes (out, in, 3, 3) and (out,), float32, in the order they are applied.

    Raises
    ------
    WeightsError
        If the ending is unknown, the file is damaged or incomplete, or it is a pickle.
    """
    path = Path(path)
    if path.suffix in ('.pth', '.pt', '.pkl', '.bin'):
        raise WeightsError(
            f"'{path}' is a pickle, which can run any program when it is opened: use the same "
            'weights as safetensors (timm/vgg19.tv_in1k), or convert the file with '
            'safetensors.torch.save_file(torch.load(path, weights_only=True), new_path)'
        )
    if path.suffix not in _READERS:
        known = ', '.join(_READERS)
        raise WeightsError(f"cannot tell the format of '{path}': its name must end in {known}")
    if not path.is_file():
        raise WeightsError(f"no weights at '{path}': no such file")
    try:
        convs = _READERS[path.suffix](path)
    except WeightsError as error:
        raise WeightsError(f"'{path}': {error}") from None
    except Exception as error:  # every library complains of a damaged file in its own way
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise WeightsError(f"cannot read weights from '{path}': {reason[:120]}") from error
    if not convs:
        raise WeightsError(f"'{path}' holds no convolutions under any name known for VGG")
    for k, (weight, bias) in enumerate(convs, start=1):
        if weight.ndim != 4 or bias.shape != weight.shape[:1]:
            raise WeightsError(
                f"'{path}', convolution {k}: weight {weight.shape} and bias {bias.shape} "
                'do not belong together'
            )
        if not (numpy.isfinite(weight).all() and numpy.isfinite(bias).all()):
            raise WeightsError(f"'{path}', convolution {k}: weights are not all finite numbers")
    return convs


def fold_input(conv: Conv, matrix: numpy.ndarray, offset: numpy.ndarray) -> Conv:
    r"""Let the first convolution read :math:`x` where it was trained to read :math:`Mx + b`.

    Convolution is linear in its input, so with weights :math:`W` and bias :math:`\beta`

    .. math:: W'_{oc} = \sum_k W_{ok} M_{kc}, \quad
              \beta'_o = \beta_o + \sum_{k,i,j} W_{okij} b_k.

    Parameters
    ----------
    conv : (weight, bias)
        Of shapes (out, k, 3, 3) and (out,).
    matrix, offset : numpy.ndarray
        :math:`M` of shape (k, c) and :math:`b` of shape (k,), acting on the colours of a pixel.

    Notes
    -----
    At the border the original network pads with 0, the folded one with :math:`M 0 + b = b`. For
    inputs standardised by ImageNet's mean both are the mean colour, to within 0.6 of 255.
    """
    weight, bias = (part.astype('float64') for part in conv)
    folded = numpy.einsum('okij,kc->ocij', weight, matrix)
    bias = bias + numpy.einsum('okij,k->o', weight, offset)
    return folded.astype('float32'), bias.astype('float32')


def _caffe_input(channels: str) -> Tuple[numpy.ndarray, numpy.ndarray]:
    """Return M, b that take `preprocess`'s output to 0-255 with Caffe's mean subtracted.

    `channels` is 'RGB' or 'BGR', the order in which the network reads them.
    """
    order = numpy.eye(3)[['RGB'.index(channel) for channel in channels]]
    offset = 255 * rgb_mean.asnumpy().astype('float64') - numpy.array(CAFFE_MEAN)
    return order * (255 * rgb_std.asnumpy().astype('float64')), order @ offset


def in_order(arrays: Mapping[str, numpy.ndarray]) -> List[Conv]:
    """Pair weights with biases and sort the pairs by the numbers in their names."""
    found: Dict[Tuple[int, ...], Dict[str, numpy.ndarray]] = {}
    for name, array in arrays.items():
        match = _CONV_NAME.search(name)
        if match:
            place = tuple(int(number) for number in match['place'].split('_'))
            found.setdefault(place, {})[match['part']] = array
    convs = []
    for place in sorted(found):
        parts = found[place]
        if len(parts) < 2:
            missing = 'bias' if 'weight' in parts else 'weight'
            raise WeightsError(f'convolution {"_".join(map(str, place))} has no {missing}')
        convs.append((parts['weight'].astype('float32'), parts['bias'].astype('float32')))
    return convs


_CONV_NAME = re.compile(
    r'(?:^|[:.])(?:features\.|vgg\d+_conv|conv)(?P<place>\d+(?:_\d+)?)[._](?P<part>weight|bias)$'
)
# converted from Caffe, and with the channels of the first convolution already in the order RGB
_SYMBOL_NAME = re.compile(r'(?:^|:)conv1_1_weight$')


def write_tensors(
    path: Path, tensors: Mapping[str, numpy.ndarray], notes: Mapping[str, str]
) -> None:
    """Write a safetensors file with notes: the same bytes for the same content."""
    from safetensors.numpy import save

    # of several notes safetensors would choose the order by chance, so they are made one
    path.write_bytes(save(dict(tensors), metadata={'notes': json.dumps(dict(notes))}))


def read_notes(path: Path) -> Dict[str, str]:
    """Return the notes that a safetensors file carries; none for a file of another kind."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework='numpy') as file:
            notes = file.metadata() or {}
        return json.loads(notes['notes']) if 'notes' in notes else notes
    except (SafetensorError, OSError, ValueError):
        return {}


def tensors_sha256(convs: Iterable[Conv]) -> str:
    """Return the SHA-256 of all numbers, in order, whatever kind of file they were read from."""
    digest = hashlib.sha256()
    for conv in convs:
        for array in conv:
            digest.update(array.astype('<f4').tobytes())
    return digest.hexdigest()


def _read_safetensors(path: Path) -> List[Conv]:
    from safetensors import safe_open

    with safe_open(str(path), framework='numpy') as file:
        # the classifier, nine tenths of a whole file, is left where it is
        names = [name for name in file.keys() if _CONV_NAME.search(name)]  # noqa: SIM118
        return in_order({name: file.get_tensor(name) for name in names})


def _read_params(path: Path) -> List[Conv]:
    arrays = mx.nd.load(str(path))
    if not isinstance(arrays, dict):
        raise WeightsError('it holds arrays without names')
    convs = in_order({name: array.asnumpy() for name, array in arrays.items()})
    if any(_SYMBOL_NAME.search(name) for name in arrays):
        convs[0] = fold_input(convs[0], *_caffe_input('RGB'))
    return convs


def _read_keras(path: Path) -> List[Conv]:
    try:
        import h5py
    except ImportError:
        raise WeightsError('Keras files are read with h5py: pip install h5py') from None
    arrays = {}

    def collect(name: str, node: object) -> None:
        match = re.search(r'block(\d)_conv(\d)', name)
        if match and isinstance(node, h5py.Dataset):
            place = f'conv{match[1]}_{match[2]}'
            array = numpy.asarray(node)
            if array.ndim == 4:
                arrays[f'{place}.weight'] = array.transpose(3, 2, 0, 1)  # HWIO to OIHW
            else:
                arrays[f'{place}.bias'] = array

    with h5py.File(path, 'r') as file:
        file.visititems(collect)
    convs = in_order(arrays)
    return [fold_input(convs[0], *_caffe_input('BGR')), *convs[1:]] if convs else []


def _read_npz(path: Path) -> List[Conv]:
    with open(path, 'rb') as file, numpy.load(file, allow_pickle=False) as arrays:
        convs = in_order({name: arrays[name] for name in arrays.files})
        if 'rgb_to_bgr.weight' in arrays.files:  # the network reads A p + a, p an RGB in [0, 1]
            matrix = arrays['rgb_to_bgr.weight'][:, :, 0, 0].astype('float64')
            offset = arrays['rgb_to_bgr.bias'] + matrix @ rgb_mean.asnumpy()
            convs[0] = fold_input(convs[0], matrix * rgb_std.asnumpy(), offset)
    return convs


_READERS = {
    '.safetensors': _read_safetensors,
    '.params': _read_params,
    '.h5': _read_keras,
    '.npz': _read_npz,
}
