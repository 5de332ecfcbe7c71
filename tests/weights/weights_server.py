"""For the tests of downloads: files laid out like the published ones, and a server for them.

Nothing leaves the machine: the server listens on 127.0.0.1.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

import numpy

NUMBERS = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34)  # of VGG-19's convolutions
BLOCKS = (2, 2, 4, 4, 4)
SMALL = (2, 3, 4, 5, 6)
FULL = (64, 128, 256, 512, 512)

Arrays = Dict[str, numpy.ndarray]


def small_convs() -> List[Tuple[int, int, int]]:
    """Return number, width in and width out of the thirteen convolutions of a small VGG-19."""
    return conv_widths(SMALL)[:13]


def conv_widths(widths: Sequence[int]) -> List[Tuple[int, int, int]]:
    outs = [width for width, count in zip(widths, BLOCKS) for _ in range(count)]
    return list(zip(NUMBERS, [3, *outs[:-1]], outs))


def torch_arrays(widths: Sequence[int] = SMALL, seed: int = 0) -> Arrays:
    """Return random weights of all sixteen convolutions, named as PyTorch names them."""
    random = numpy.random.default_rng(seed)
    arrays = {}
    for number, width_in, width_out in conv_widths(widths):
        scale = numpy.float32((2 / (9 * width_in)) ** 0.5)
        weight = random.standard_normal((width_out, width_in, 3, 3), dtype='float32') * scale
        arrays[f'features.{number}.weight'] = weight
        arrays[f'features.{number}.bias'] = random.standard_normal(width_out, dtype='float32') / 10
    return arrays


def caffe_name(number: int) -> Tuple[int, int]:
    """Return block and place in the block of a convolution: 28 is conv5_1."""
    k = NUMBERS.index(number)
    for block, count in enumerate(BLOCKS, start=1):
        if k < count:
            return block, k + 1
        k -= count
    raise ValueError(number)


def write_timm(path: Path, arrays: Arrays, classifier: Sequence[int] = (7, 4, 10)) -> None:
    """Write a safetensors file with timm's layout: sorted names, the classifier among them.

    The classifier's numbers are a hole in the file, which takes no room on the disk.
    """
    inputs, hidden, classes = classifier
    shapes = {name: array.shape for name, array in arrays.items()}
    shapes['head.fc.weight'], shapes['head.fc.bias'] = (classes, hidden), (classes,)
    shapes['pre_logits.fc1.weight'] = (hidden, inputs // 49, 7, 7) if inputs > 49 else (hidden, 7)
    shapes['pre_logits.fc1.bias'] = shapes['pre_logits.fc2.bias'] = (hidden,)
    shapes['pre_logits.fc2.weight'] = (hidden, hidden, 1, 1)
    header: Dict[str, object] = {'__metadata__': {'format': 'pt'}}
    places, end = {}, 0
    for name in sorted(shapes):
        places[name] = end
        end += 4 * int(numpy.prod(shapes[name]))
        header[name] = {
            'dtype': 'F32',
            'shape': list(shapes[name]),
            'data_offsets': [places[name], end],
        }
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as file:
        file.write(len(text).to_bytes(8, 'little') + text)
        begin = file.tell()
        for name, array in arrays.items():
            file.seek(begin + places[name])
            file.write(array.astype('<f4').tobytes())
        file.truncate(begin + end)


def write_keras(path: Path, arrays: Arrays) -> None:
    """Write the HDF5 layout of Keras's release: kernels are HWIO, names are those of old Keras."""
    import h5py

    with h5py.File(path, 'w') as file:
        for number in NUMBERS:
            block, place = caffe_name(number)
            group = file.create_group(f'block{block}_conv{place}')
            weight = arrays[f'features.{number}.weight'].transpose(2, 3, 1, 0)
            group.create_dataset(f'block{block}_conv{place}_W_1:0', data=weight)
            group.create_dataset(
                f'block{block}_conv{place}_b_1:0', data=arrays[f'features.{number}.bias']
            )
        file.create_group('block1_pool')


def write_params(path: Path, arrays: Arrays, scheme: str = 'features') -> None:
    """Write MXNet's own format; the scheme of names is 'features', 'vgg0' or 'symbol'."""
    import mxnet as mx
    from mxnet import numpy as np

    renamed = {}
    for k, number in enumerate(NUMBERS):
        block, place = caffe_name(number)
        stem = {
            'features': f'features.{number}.',
            'vgg0': f'vgg0_conv{k}_',
            'symbol': f'arg:conv{block}_{place}_',
        }[scheme]
        for part in ('weight', 'bias'):
            array = arrays[f'features.{number}.{part}']
            renamed[stem + part] = np.array(array, dtype='float32').as_nd_ndarray()
    mx.nd.save(str(path), renamed)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass
class Request:
    """What was asked of the server, and how many bytes of body it sent."""

    path: str
    range: Optional[str]
    sent: int = 0


class WeightsServer:
    """Serve the files of a folder; the attributes say how well.

    ranges : whether ranges of bytes are honoured
    answers : statuses, with headers, that the next requests get instead of a file
    cuts : after how many bytes the next bodies break off; None for one that does not
    redirects : from path to path, with `redirect_headers`
    slice : how many bytes of a range are sent at most
    silent : requests get no answer at all
    drip : seconds of pause after each 256 bytes
    gate : what the first body waits for
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ranges = True
        self.answers: List[Tuple[int, Dict[str, str]]] = []
        self.cuts: List[Optional[int]] = []
        self.redirects: Dict[str, str] = {}
        self.redirect_headers: Dict[str, str] = {}
        self.slice: Optional[int] = None
        self.silent = False
        self.drip = 0.0
        self.gate: Optional[threading.Event] = None
        self.closing = threading.Event()
        self.requests: List[Request] = []
        self.server = ThreadingHTTPServer(('127.0.0.1', 0), self._handler())
        self.url = f'http://127.0.0.1:{self.server.server_port}'
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))

    def __enter__(self) -> WeightsServer:
        self.thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.closing.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    @property
    def sent(self) -> int:
        return sum(request.sent for request in self.requests)

    def _handler(server: WeightsServer) -> type:  # noqa: N805  (self is the handler's)
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server._answer(self)

            def log_message(self, *args: object) -> None:
                pass

        return Handler

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        request = Request(handler.path, handler.headers.get('Range'))
        self.requests.append(request)
        if self.silent:
            self.closing.wait()
            return
        if handler.path in self.redirects:
            handler.send_response(302)
            handler.send_header('Location', self.redirects[handler.path])
            self._end(handler, {**self.redirect_headers, 'Content-Length': '0'})
            return
        path = self.folder / handler.path.lstrip('/')
        if self.answers or not path.is_file():
            status, headers = self.answers.pop(0) if self.answers else (404, {})
            handler.send_response(status)
            self._end(handler, {'Content-Length': '0', **headers})
            return
        size = path.stat().st_size
        first, last = 0, size - 1
        asked = re.fullmatch(r'bytes=(\d+)-(\d*)', request.range or '') if self.ranges else None
        if asked:
            first, last = int(asked[1]), min(int(asked[2] or last), last)
            last = min(last, first + self.slice - 1) if self.slice else last
        if first >= size:
            handler.send_response(416)
            self._end(handler, {'Content-Range': f'bytes */{size}', 'Content-Length': '0'})
            return
        handler.send_response(206 if asked else 200)
        if asked:
            handler.send_header('Content-Range', f'bytes {first}-{last}/{size}')
        self._end(handler, {'Content-Length': str(last + 1 - first)})
        cut = self.cuts.pop(0) if self.cuts else None
        stop = last + 1 if cut is None else min(last + 1, first + cut)
        if self.gate:
            self.gate.wait(60)
        with suppress(BrokenPipeError, ConnectionResetError):  # the client has heard enough
            self._send(handler, request, path, first, stop)
        handler.close_connection = True

    def _end(self, handler: BaseHTTPRequestHandler, headers: Dict[str, str]) -> None:
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()

    def _send(
        self, handler: BaseHTTPRequestHandler, request: Request, path: Path, first: int, stop: int
    ) -> None:
        step = 256 if self.drip else 1 << 16
        with open(path, 'rb') as file:
            file.seek(first)
            for start in range(first, stop, step):
                block = file.read(min(step, stop - start))
                request.sent += len(block)  # before the client can have them and look
                handler.wfile.write(block)
                if self.drip and self.closing.wait(self.drip):
                    return


def wait_for(condition, seconds: float = 30) -> bool:
    """Wait until a condition holds; return whether it does."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()
