"""The work of an epoch, counted: seconds depend on who else is computing, counts do not.

A child process trains a small picture and tells, for each epoch, what oneDNN computed (its log,
``DNNL_VERBOSE``), which operators MXNet called (its profiler), and what is still in memory.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import mxnet as mx
import pytest

ROOT = Path(__file__).parent.parent
CONVS, STYLES, CONTENTS = 13, 5, 1  # VGG-19 up to conv5_1 under the book's recipe
EPOCHS, PROFILED = 12, 2  # the last ones, as the profiler itself takes memory
PICTURE = 4 * 3 * 64 * 96  # bytes
BOOKKEEPING = {'DeleteVariable', 'WaitForVar'}  # as often as it happens, and not work

PROGRAM = f"""
import styletransfer
import ctypes, gc, json
import mxnet as mx
from mxnet import np, profiler
from styletransfer.losses import gram
from styletransfer.recipes import TUTORIAL, Stage
from styletransfer.objective import objective
from styletransfer.synthesis import train
from styletransfer.vgg import extract_features, get_net

libc = ctypes.CDLL(None)

def bytes_in_use():
    if not hasattr(libc, 'mallinfo2'):
        return None
    names = 'arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost'
    fields = [(name, ctypes.c_size_t) for name in names.split()]
    libc.mallinfo2.restype = type('mallinfo2', (ctypes.Structure,), {{'_fields_': fields}})
    info = libc.mallinfo2()
    return info.uordblks + info.hblkhd

def on_step(step):
    libc.fflush(None)  # oneDNN's lines, all of this epoch's
    seen = {{'bytes': bytes_in_use()}}
    seen['arrays'] = sum(isinstance(thing, mx.nd.NDArray) for thing in gc.get_objects())
    if step.epoch == {EPOCHS - PROFILED}:
        profiler.set_state('run')
    elif step.epoch > {EPOCHS - PROFILED}:
        stats = json.loads(profiler.dumps(reset=True, format='json'))
        operators = stats['Time']['operator']
        seen['operators'] = {{
            name: row['Count'] for name, row in operators.items() if name not in {BOOKKEEPING}
        }}
        seen['allocations'] = stats['Memory']['Device Storage']['Memory: cpu/0']['Count']
    print('epoch', json.dumps(seen), flush=True)

profiler.set_config(
    profile_imperative=True, profile_symbolic=True, profile_memory=True, aggregate_stats=True
)
net, _ = get_net('vgg19_slim', 'random')
content, style, X = (np.random.normal(size=(1, 3, 64, 96)) for _ in range(3))
contents_Y, _ = extract_features(net, content, TUTORIAL.content_layers, ())
_, styles_Y = extract_features(net, style, (), TUTORIAL.style_layers)
loss = objective(net, TUTORIAL, contents_Y, [gram(Y) for Y in styles_Y])
train(loss, TUTORIAL, Stage((96, 64), num_epochs={EPOCHS}), X, mx.cpu(), on_step)
"""


def primitives(lines):
    """Return how often oneDNN ran what, as of its log: {('convolution', 'backward_data'): 13}."""
    ran = Counter()
    for line in lines:
        if line.startswith('dnnl_verbose,exec'):
            words = line.split(',')
            kind, direction, problem = words[3], words[5], words[-2]
            if kind == 'reorder':  # has no direction, but what is put in another order
                direction = 'weights' if problem.endswith('x3x3') else 'data'
            ran[kind, direction] += 1
    return ran


@pytest.fixture(scope='module')
def epochs(tmp_path_factory):
    """Return what the child saw of each epoch, but for the first three, which prepare the rest."""
    if not mx.runtime.Features().is_enabled('MKLDNN'):
        pytest.skip('this MXNet computes without oneDNN')
    done = subprocess.run(
        [sys.executable, '-c', PROGRAM],
        cwd=tmp_path_factory.mktemp('work'),  # where the profiler leaves a file
        # the order of numbers in memory depends on the processor: the same for all
        env={
            **os.environ,
            'PYTHONPATH': str(ROOT),
            'DNNL_VERBOSE': '1',
            'DNNL_MAX_CPU_ISA': 'AVX2',
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    epochs, lines = [], []
    for line in done.stdout.splitlines():
        if line.startswith('epoch '):
            epochs.append({**json.loads(line.partition(' ')[2]), 'primitives': primitives(lines)})
            lines = []
        lines.append(line)
    assert len(epochs) == EPOCHS
    return epochs[3:]


def test_each_epoch_is_like_the_others(epochs):
    for epoch in epochs:
        assert epoch['primitives'] == epochs[0]['primitives']
    assert epochs[-1]['operators'] == epochs[-2]['operators']


def test_no_gradient_of_the_weights_is_computed(epochs):
    ran = epochs[0]['primitives']
    # 'forward_inference' would be a mistake: the pooling's gradient needs to know which of four
    # numbers was the largest, and only 'forward_training' writes that down
    for kind, times in (('convolution', CONVS), ('eltwise', CONVS - 1), ('pooling_v2', 4)):
        directions = {direction: n for (k, direction), n in ran.items() if k == kind}
        assert directions == {'forward_training': times, 'backward_data': times}


def test_little_is_put_in_another_order(epochs):
    ran = epochs[0]['primitives']
    # the weights, forward and back; the first convolution's gradient takes them as they are
    assert ran['reorder', 'weights'] <= 2 * CONVS - 1
    # each tapped output, its gradient there and back, and the differences of neighbouring pixels;
    # and a ReLU's gradient takes the place of the one it was made from by way of a copy
    assert ran['reorder', 'data'] <= 3 * (STYLES + CONTENTS) + 5 + (CONVS - 1)
    rest = {kind for kind, _ in ran} - {'convolution', 'eltwise', 'pooling_v2', 'reorder'}
    assert rest == {'inner_product'}


def test_one_product_for_each_gram_matrix_and_one_for_its_slope(epochs):
    ran = epochs[0]['primitives']
    products = {
        direction: times for (kind, direction), times in ran.items() if kind[:5] == 'inner'
    }
    assert products == {'forward_training': STYLES, 'backward_data': STYLES}
    operators = epochs[-1]['operators']
    products = {
        name: times
        for name, times in operators.items()
        if any(word in name for word in ('dot', 'matmul', 'gemm', 'syrk', 'einsum', 'transpose'))
    }
    # the means of the content's layer and of the rows' and the columns' differences
    assert products == {'_np_dot': CONTENTS + 2, '_backward_np_dot': CONTENTS + 2}


def test_operators_are_few(epochs):
    # the compiled layers are handed over in pieces, each of which counts as one
    assert sum(epochs[-1]['operators'].values()) <= 209
    assert epochs[-1]['allocations'] <= 452  # and releases


def test_nothing_is_left_behind(epochs):
    assert len({epoch['arrays'] for epoch in epochs}) == 1
    if epochs[0]['bytes'] is None:
        pytest.skip('this C library does not tell how much memory is in use')
    bytes_in_use = [epoch['bytes'] for epoch in epochs[:-PROFILED]]
    assert min(bytes_in_use[-3:]) - min(bytes_in_use[:3]) < PICTURE
