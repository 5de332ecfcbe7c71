r"""From a file of weights, of whatever kind, to VGG's convolutions in the order they are applied.

VGG is a plain chain, so its weights are a plain list: the k-th entry belongs to the k-th
convolution. Each reader below finds that order in its own format's names:

================  ======================  ====================================  =================
format            names                   found in                              trained to read
================  ======================  ====================================  =================
``.safetensors``  ``features.28.weight``  timm, torchvision; this project's     RGB, mean and std
``.params``       ``features.28.weight``  Gluon's ``save_parameters``           RGB, mean and std
\                 ``28.weight``           the same, of the layers alone         RGB, mean and std
\                 ``vgg0_conv12_weight``  Gluon's older model zoo, DJL          RGB, mean and std
\                 ``conv5_1_weight``      files converted from Caffe            RGB 0-255 - mean
``.h5``           ``block5_conv1``        Keras applications                    BGR 0-255 - mean
``.npz``          ``conv5_1.weight``      teachers for styletransfer.distill    as the file says
================  ======================  ====================================  =================

MXNet's symbol files have ``arg:`` before a name. Whatever else a file holds, such as the layers
that classify, is left where it is.

"Mean and std" is what `styletransfer.images.preprocess` makes of a picture. The first convolution
of every other network is changed to read that too: see `fold_input`.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from pathlib import Path
from typing import Dict, Iterable, List, Mapping, Tuple

import numpy

from styletransfer.errors import InputError, telling_line
from styletransfer.images import rgb_mean, rgb_std
from styletransfer.weights.arrays import (
    Stored,
    open_hdf5,
    open_npz,
    open_params,
    open_safetensors,
)

Conv = Tuple[numpy.ndarray, numpy.ndarray]  # weight (out, in, 3, 3) and bias (out,)

CAFFE_MEAN = (123.68, 116.779, 103.939)  # of ImageNet in RGB 0-255, as Simonyan's VGG subtracts it
MOST_NUMBERS = 20_024_384  # of all convolutions of VGG-19, the largest network of the family


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
    if path.suffix in ('.zip', '.gz'):
        raise WeightsError(f"'{path}' is packed: unpack it, and give the file that was in it")
    if path.suffix not in _FORMATS:
        known = ', '.join(_FORMATS)
        raise WeightsError(f"cannot tell the format of '{path}': its name must end in {known}")
    if not os.path.isfile(path):
        reason = 'no ordinary file' if os.path.exists(path) else 'no such file'
        raise WeightsError(f"no weights at '{path}': {reason}")
    open_file, convolutions = _FORMATS[path.suffix]
    try:
        # what is not finite is refused below
        with open_file(path) as arrays, numpy.errstate(all='ignore'):
            convs = convolutions(arrays)
    except WeightsError as error:
        raise WeightsError(f"'{path}': {telling_line(error)}") from None
    except Exception as error:  # every library complains of a damaged file in its own way
        raise WeightsError(f"cannot read weights from '{path}': {telling_line(error)}") from error
    for k, (weight, bias) in enumerate(convs, start=1):
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


def in_order(arrays: Mapping[str, Stored]) -> List[Conv]:
    """Pair weights with biases, sort the pairs by the numbers in their names, and read them.

    Raises
    ------
    WeightsError
        If there are none, one lacks its other half, two have the same number, the shapes are not
        those of convolutions, or they are not what any VGG is made of.
    """
    if any(name.endswith(('running_mean', 'moving_mean')) for name in arrays):
        raise WeightsError('it is of a VGG with batch normalisation, another network than these')
    found: Dict[Tuple[int, ...], Dict[str, Stored]] = {}
    for name, array in arrays.items():
        match = _CONV_NAME.search(name)
        if match:
            place = tuple(int(number) for number in match['place'].split('_'))
            if found.setdefault(place, {}).setdefault(match['part'], array) is not array:
                raise WeightsError(f'it has more than one {match["part"]} {match["place"]}')
    pairs = []
    for place in sorted(found):
        parts = found[place]
        title = f'convolution {"_".join(map(str, place))}'
        if len(parts) < 2:
            raise WeightsError(f'{title} has no {"bias" if "weight" in parts else "weight"}')
        weight, bias = parts['weight'], parts['bias']
        if len(weight.shape) == 2:  # Gluon counts the layers that classify among the features
            continue
        if len(weight.shape) != 4 or bias.shape != weight.shape[:1]:
            raise WeightsError(
                f'{title}: weight {weight.shape} and bias {bias.shape} do not belong together'
            )
        odd = {weight.dtype, bias.dtype} - {'float16', 'float32', 'float64'}
        if odd:
            raise WeightsError(f'{title} has numbers of type {odd.pop()}: save them as float32')
        pairs.append((weight, bias))
    if not pairs:
        raise WeightsError('it holds no convolutions under any name known for VGG')
    numbers = sum(math.prod(part.shape) for pair in pairs for part in pair)
    if numbers > MOST_NUMBERS:
        raise WeightsError(f'its convolutions have {numbers} numbers, more than any VGG')
    return [(weight.read().astype('f4'), bias.read().astype('f4')) for weight, bias in pairs]


_CONV_NAME = re.compile(
    r'(?:^|(?:^|[:.])features\.|(?:^|[:._])conv)'
    r'(?P<place>\d{1,3}(?:_\d{1,3})?)[._](?P<part>weight|bias)$'
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
        notes = json.loads(notes['notes']) if 'notes' in notes else notes
        return {name: note for name, note in notes.items() if isinstance(note, str)}
    except (SafetensorError, OSError, ValueError, AttributeError, RecursionError):
        return {}  # also where they are no notes of ours


def tensors_sha256(convs: Iterable[Conv]) -> str:
    """Return the SHA-256 of all numbers, in order, whatever kind of file they were read from."""
    digest = hashlib.sha256()
    for conv in convs:
        for array in conv:
            digest.update(array.astype('<f4').tobytes())
    return digest.hexdigest()


def _from_mxnet(arrays: Mapping[str, Stored]) -> List[Conv]:
    convs = in_order(arrays)
    if any(_SYMBOL_NAME.search(name) for name in arrays):
        convs[0] = fold_input(convs[0], *_caffe_input('RGB'))
    return convs


def _from_keras(arrays: Mapping[str, Stored]) -> List[Conv]:
    renamed = {}
    for name, array in arrays.items():
        match = re.search(r'block(\d)_conv(\d)', name)
        if match and not name.startswith('optimizer'):  # which keeps arrays of the same names
            place = f'conv{match[1]}_{match[2]}'
            if len(array.shape) == 4:
                renamed[f'{place}.weight'] = array.transposed(3, 2, 0, 1)  # HWIO to OIHW
            else:
                renamed[f'{place}.bias'] = array
    convs = in_order(renamed)
    return [fold_input(convs[0], *_caffe_input('BGR')), *convs[1:]]


def _from_npz(arrays: Mapping[str, Stored]) -> List[Conv]:
    convs = in_order(arrays)
    if 'rgb_to_bgr.weight' in arrays:  # the network reads A p + a, p an RGB in [0, 1]
        colours = arrays['rgb_to_bgr.weight'], arrays['rgb_to_bgr.bias']
        if [array.shape for array in colours] != [(3, 3, 1, 1), (3,)]:
            raise WeightsError('its rgb_to_bgr does not make three colours of three')
        matrix, offset = (array.read().astype('float64') for array in colours)
        matrix = matrix[:, :, 0, 0]
        offset = offset + matrix @ rgb_mean.asnumpy()
        convs[0] = fold_input(convs[0], matrix * rgb_std.asnumpy(), offset)
    return convs


_FORMATS = {
    '.safetensors': (open_safetensors, in_order),
    '.params': (open_params, _from_mxnet),
    '.h5': (open_hdf5, _from_keras),
    '.npz': (open_npz, _from_npz),
}
