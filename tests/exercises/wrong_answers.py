"""What students write: wrong answers to every task, and a piece of the hint each must get."""

import wrong_new_kinds

ADAM = """
m = 0.9 * m + 0.1 * g
v = 0.999 * v + 0.001 * g * g
m_hat = m / (1 - 0.9**t)
v_hat = v / (1 - 0.999**t)
x = x - lr * m_hat / (np.sqrt(v_hat) + 1e-8)
return x, m, v
"""
VARIATION = """
rows = np.abs(X[:, 1:, :] - X[:, :-1, :]).mean(axis=(1, 2, 3))
columns = np.abs(X[:, :, 1:] - X[:, :, :-1]).mean(axis=(1, 2, 3))
return (rows + columns) / 2
"""
ERROR = """
m = Y.mean(axis=(0, 2, 3), keepdims=True)
v = ((Y - m) ** 2).mean(axis=(0, 2, 3))
return ((Y_hat - Y) ** 2).mean(axis=(0, 2, 3)) / v
"""
NAMES = """
names = []
for block, convs in enumerate(convs_per_block, start=1):
    for depth in range(1, convs + 1):
        names += [f'conv{block}_{depth}', f'relu{block}_{depth}']
    names.append(f'pool{block}')
return names.index(name)
"""
FIELD = """
first, last, distance = 0, 0, 1
for layer in vgg_layer_names(convs_per_block):
    if layer.startswith('conv'):
        first, last = first - distance, last + distance
    if layer.startswith('pool'):
        last += distance
        distance = distance * 2
    if layer == name:
        return first + place * distance, last + place * distance
"""
EFFECT = """
def losses(recipe):
    terms = run(recipe)
    return {name: terms[name] / getattr(recipe, name + '_weight') for name in terms}
before = losses(recipe)
after = losses(replace(recipe, **{weight: factor * getattr(recipe, weight)}))
return {name: after[name] / before[name] for name in before}
"""
JUDGE = """
if not all(math.isfinite(l) for l in losses) or losses[-1] > losses[0]:
    return 'diverged'
tenth = len(losses) // 10
before = sum(losses[-2 * tenth:-tenth]) / tenth
after = sum(losses[-tenth:]) / tenth
return 'falling' if after < 0.99 * before else 'settled'
"""
LOOPS = """
bent = [(s, y) for s, y in pairs if float((s * y).sum()) > 0]
r, alphas = g, []
for s, y in bent:
    alpha = (s * r).sum() / (s * y).sum()
    alphas.append(alpha)
    r = r - alpha * y
if len(bent) > 0:
    s, y = bent[0]
    r = r * (s * y).sum() / (y * y).sum()
for (s, y), alpha in zip(bent[::-1], alphas[::-1]):
    beta = (y * r).sum() / (s * y).sum()
    r = r + (alpha - beta) * s
return -r
"""
INSTANCE = """
mean = X.mean(axis=(2, 3), keepdims=True)
v = np.square(X - mean).mean(axis=(2, 3), keepdims=True)
gamma, beta = gamma.reshape(1, -1, 1, 1), beta.reshape(1, -1, 1, 1)
return gamma * (X - mean) / np.sqrt(v + 1e-5) + beta
"""
LEARNED = """
one, two, four = widths
layers = [(3, one, kernel), (one, two, 3), (two, four, 3)]
layers += 2 * residuals * [(four, four, 3)]
layers += [(four, two, 3), (two, one, 3), (one, 3, kernel)]
weights = sum(a * b * k * k for a, b, k in layers)
channels = sum(b for a, b, k in layers)
return weights + channels + 2 * (channels - 3)
"""
MIRRORED = """
rows = list(range(1, margin + 1))[::-1]
def beyond(X, axis):
    last = X.shape[axis] - 1
    begin = np.take(X, np.array(rows, dtype='int32'), axis=axis)
    end = np.take(X, np.array([last - i for i in rows[::-1]], dtype='int32'), axis=axis)
    return np.concatenate([begin, X, end], axis=axis)
return beyond(beyond(X, 2), 3)
"""
PADDED = """
import numpy
return np.array(numpy.pad(X.asnumpy(), [(0, 0), (0, 0), 2 * (margin,), 2 * (margin,)], 'reflect'))
"""
RELATIVE = """
far = np.square(G - target).mean(axis=(1, 2))
return far / np.square(photos - target).mean()
"""
PAID = """
if one_pass >= optimisation:
    return 0
return math.floor(learning / (optimisation - one_pass)) + 1
"""
PAPER = """
N, M = Y.shape[1], Y.shape[2] * Y.shape[3]
F, P = Y_hat.reshape(-1, N, M), Y.reshape(1, N, M)
E = np.square(np.matmul(F, F.transpose(0, 2, 1)) - np.matmul(P, P.transpose(0, 2, 1)))
return E.sum(axis=(1, 2)) / (4 * N**2 * M**2)
"""
FILTERS = """
m = npx.relu(Y).mean(axis=(0, 2, 3))
return W / m.reshape(-1, 1, 1, 1), b / m, W_next * m.reshape(1, -1, 1, 1)
"""
LUMA = 'luma = np.array([0.299, 0.587, 0.114]).reshape(3, 1, 1)\n'
LIGHT = """
luma = np.array([0.299, 0.587, 0.114]).reshape(3, 1, 1)
m = content - (content * luma).sum(axis=0)
Y = (result * luma).sum(axis=0)
Y = np.maximum(Y, -m.min(axis=0))
Y = np.minimum(Y, 1 - m.max(axis=0))
return Y + m
"""
COLORS = """
def split(img):
    pixels = img.reshape(3, -1).T
    centred = pixels - pixels.mean(axis=0)
    S = np.dot(centred.T, centred) / len(centred)
    return pixels.mean(axis=0), pixels, np.linalg.cholesky(S)
mu_s, x, root_s = split(style)
mu_c, _, root_c = split(content)
A = np.dot(root_c, np.linalg.inv(root_s))
return (np.dot(x - mu_s, A.T) + mu_c).T.reshape(style.shape)
"""
MATRIX = 'np.dot(root_c, np.linalg.inv(root_s))'
SYMMETRIC = COLORS.replace(
    'np.linalg.cholesky(S)',
    'np.dot(np.linalg.eigh(S)[1] * np.sqrt(np.linalg.eigh(S)[0]), np.linalg.eigh(S)[1].T)',
)
MASK = """
for _ in range(int(layer[4]) - 1):
    h, w = mask.shape[0] // 2, mask.shape[1] // 2
    mask = mask[:2 * h, :2 * w].reshape(h, 2, w, 2).mean(axis=(1, 3))
return mask
"""
GUIDED = """
def gram(X, T):
    return losses.gram(X[None] * (T / np.sqrt((T * T).mean())))[0]
return np.stack([gram(X, T) for T in masks])
"""
ONE_SIDE = """
c, h, w = X.shape
x = X.reshape(c, -1)
return np.stack([np.dot((X * T).reshape(c, -1), x.T) / (divisor) for T in masks])
"""
MIX = """
total = sum(weights)
return [sum(w * G for w, G in zip(weights, layer)) / total for layer in grams]
"""
DEVIATION = """
c = G.shape[1]
diagonal = (G * np.eye(c)).sum(axis=2)
return np.sqrt(c * diagonal - mean ** 2 + 1e-5)
"""
BLEND = """
def told(X):
    mean = X.mean(axis=(2, 3))
    return mean, np.sqrt(((X - mean[:, :, None, None]) ** 2).mean(axis=(2, 3)) + 1e-5)
total = sum(weights)
m, d = told(content)
mean, deviation = (1 - alpha) * m, (1 - alpha) * d
for Z, w in zip(styles, weights):
    m, d = told(Z)
    mean, deviation = mean + alpha * w / total * m, deviation + alpha * w / total * d
return mean, deviation
"""
VARIANCES = BLEND.replace('np.sqrt(', '(')
REGIONS = """
result = 0
for Z, T in zip(styles, masks):
    inside = T.sum()
    mean = (content * T).sum(axis=(2, 3), keepdims=True) / inside
    variance = (T * (content - mean) ** 2).sum(axis=(2, 3), keepdims=True) / inside
    mean_Z = Z.mean(axis=(2, 3), keepdims=True)
    deviation_Z = np.sqrt(((Z - mean_Z) ** 2).mean(axis=(2, 3), keepdims=True) + 1e-5)
    result = result + T * (deviation_Z * (content - mean) / np.sqrt(variance + 1e-5) + mean_Z)
return result
"""
ADAIN = 'from styletransfer.feedforward.adain import adain'
IN_REGIONS = f"""
{ADAIN}
result = 0
for Z, T in zip(styles, masks):
    result = result + adain(content * T, Z) * T
return result
"""
LEFT = """
from styletransfer.feedforward.encoder import moments
def away(X, Z):
    parts = zip(moments(X), moments(Z))
    return sum(((a - b) ** 2).sum(axis=1) for a, b in parts)
return (away(Y, Z) / away(X, Z)).mean()
"""
EXPLAINED = """
X = S - S.mean(axis=0)
sizes = np.linalg.eigvalsh(np.dot(X.T, X)).asnumpy()[::-1]
return float(sizes[:k].sum() / sizes.sum())
"""

FIT = """
A = numpy.column_stack([colours, numpy.ones(len(v))])
P = epsilon * numpy.diag([1.0, 1.0, 1.0, 0.0])
x = numpy.linalg.solve(A.T @ A + P, A.T @ v)
rest = v - A @ x
return rest @ rest + x @ P @ x, 2 * rest
"""
LABELS = """
import numpy
D = []
for colour in colours:
    D.append(((img.astype(int) - colour.astype(int)) ** 2).sum(axis=2) * 1.0)
D = numpy.array(D)
first = D.argmin(axis=0)
for k in range(len(colours)):
    if (first == k).mean() < least:
        D[k] = numpy.inf
masks = numpy.array([D.argmin(axis=0) == k for k in range(len(colours))]) * 1.0
return masks
"""
WRAPPED = LABELS.replace('img.astype(int) - colour.astype(int)', 'img - colour')
UNSEEN = 'if (first == k).sum() < least'
LOST = """
masks = numpy.array([first == k for k in range(len(colours))]) * 1.0
for k in range(len(colours)):
    if (first == k).mean() < least:
        masks[k] = 0
return masks
"""
BY_STROKES = """
from styletransfer.exercises.tasks.photographs import _solved, laplacian_of
L = laplacian_of(photo)
return _solved(L, strokes, known, weight)
"""

IN_LINE = """
h, w, _ = img.shape
Y, X = numpy.indices((h, w)).astype(float)
y, x = Y + flow[0], X + flow[1]
outside = (y < 0) | (y > h - 1) | (x < 0) | (x > w - 1)
y, x = y.clip(0, h - 1), x.clip(0, w - 1)
i, j = numpy.minimum(y.astype(int), h - 2), numpy.minimum(x.astype(int), w - 2)
a, b = (y - i)[..., None], (x - j)[..., None]
seen = (1 - a) * (1 - b) * img[i, j] + (1 - a) * b * img[i, j + 1]
seen = seen + a * (1 - b) * img[i + 1, j] + a * b * img[i + 1, j + 1]
seen[outside] = beyond
return seen
"""
AXES = IN_LINE.replace('Y + flow[0], X + flow[1]', 'Y + flow[1], X + flow[0]')
SLOPES = """
there = x * 0
slope = 2 * c * (x - y[goes[0], goes[1]]) / x.size
numpy.add.at(there, (goes[0], goes[1]), -slope)
return slope, there
"""
STEADIED = """
from styletransfer.exercises.tasks import moving_pictures as ours
return ours._steadied(frames, flows, backs, weight, ours.trusted)
"""
SIX_PAINTERS = [
    ("return 'ABCDEF'", 'begin with the painting'),
    ("return 'BACDEF'", 'in which rows is the return worst'),
    ("return 'CDFAEB'", 'three runs are left'),
]
FIVE_MIXERS = [
    ("return 'ABCDE'", 'begin with what the codes say'),
    ("return 'ACDEB'", 'look at the colours'),
    ("return 'ECDAB'", 'two runs are left'),
]

CYCLE_SLOPES = """
Y = there @ X
e = numpy.sign(back @ Y - X) / X.size
return back.T @ e @ X.T, e @ Y.T
"""
POOL = """
pool, shown = [], []
for k, (chance, place) in enumerate(draws):
    if len(pool) < size:
        pool.append(k)
        shown.append(k)
    elif chance < 0.5:
        shown.append(pool[place])
        pool[place] = k
    else:
        shown.append(k)
return shown
"""
FILLED = 'shown.append(pool[place % len(pool)])'
BY_RULES = """
from styletransfer.exercises.tasks.cyclegan import _duel
return _duel(start, A, B, steps, lr)
"""
FROZEN = """
Z = numpy.linalg.solve(C.T @ C, C.T @ X)
E = X - C @ Z
return (E * E).sum() / (X * X).sum(), -2 * E @ Z.T
"""
ARC = """
a, b = numpy.linalg.norm(z), numpy.linalg.norm(w)
u, v = z / a, w / b
angle = numpy.arccos(min(1.0, u @ v))
size = (1 - t) * a + t * b
if angle < 1e-5:
    return u * size
return (numpy.sin((1 - t) * angle) * u + numpy.sin(t * angle) * v) / numpy.sin(angle) * size
"""
WITHOUT_NETS = """
n, d = content.shape
mean = content.mean(axis=0)
U, s, V = numpy.linalg.svd(content - mean, full_matrices=False)
codes = U[:, :k] * n ** 0.5
said = mean + (U[:, :k] * s[:k]) @ V[:k]
order = said.ravel().argsort()
pictures = numpy.zeros((n * d, 3))
for c in range(3):
    pictures[order, c] = numpy.quantile(style[:, c], (numpy.arange(n * d) + 0.5) / (n * d))
return codes, pictures.reshape(n, d, 3)
"""

NUMBERS = """
one, two, four = widths
channels = one + two + four + 2 * residuals * four + two + one
if norm_at_end:
    channels += 3
return 2 * channels
"""
FOLD = """
rate = gamma / np.sqrt(variance + 1e-5)
return W * rate.reshape(-1, 1, 1, 1), beta - rate * mean
"""
FACTOR = """
total = 0
for G in photos:
    total += np.square(G - painting).mean()
return float(len(photos) / total)
"""
MARGIN = """
ratios = []
for k in range(len(table)):
    others = [float(table[k, j]) for j in range(len(table)) if j != k]
    ratios.append(float(table[k, k]) / min(others))
return np.array(ratios)
"""
NEAREST = """
D = table[1:] - table[0]
rest = np.linalg.solve(np.dot(D, D.T), np.dot(D, row - table[0]))
return np.concatenate([1 - rest.sum().reshape(1), rest])
"""
FREE = """
S = np.linalg.solve(np.dot(table, table.T), np.dot(table, row))
return S
"""


def of_both_roots(before, after, hint):
    """Return a wrong `match_colors` with the triangular root, and one with the symmetric root."""
    for answer in (COLORS, SYMMETRIC):
        assert before in answer
        yield answer.replace(before, after), hint


# right: 'DBFAEC' and 'CAFBED'
SLICES = [
    ('CBFAED', 'begin with the cut'),
    ('FBDAEC', 'the two without a memory'),
    ('DBAFEC', 'two films have no memory'),
    ('BDFAEC', 'three films have a memory'),
]
FILMS = [
    ('ACFBED', 'begin with the film'),
    ('CFABED', 'four films differ'),
    ('CAFBDE', 'two films are left'),
]

# task: the arguments, and wrong answers with a piece of the hint each must get
RUNS = 'CEAFBD'  # right; wrong from the k-th letter on
SOFT = """
l = (numpy.logaddexp(0, real) - label * real).mean() + numpy.logaddexp(0, fake).mean()
p, p_hat = (0.5 + 0.5 * numpy.tanh(s / 2) for s in (real, fake))
return l / 2, (p - label) / (2 * real.size), p_hat / (2 * fake.size)
"""
SEEN = """
a, b = i, i
for k, s, p in reversed(rows):
    a, b = a * s - p, b * s - p + k - 1
return max(a, 0), min(b, side - 1)
"""
STEP = """
(A, a), (U, v, c), n = painter, critic, X.shape[1]
def look(Y, U, v, c):
    Z = numpy.concatenate([X, Y])
    Q = U @ Z
    bend = numpy.where(Q > 0, 1.0, 0.2)
    return Z, bend, bend * Q, 1 / (1 + numpy.exp(-(v @ (bend * Q) + c)))
Y_hat = numpy.tanh(A @ X + a[:, None])
dU, dv, dc = 0, 0, 0
for picture, wanted in ((Y, 1), (Y_hat, 0)):
    Z, bend, H, p = look(picture, U, v, c)
    ds = (p - wanted) / (2 * n)
    dU = dU + (v[:, None] * ds * bend) @ Z.T
    dv, dc = dv + H @ ds, dc + ds.sum()
U, v, c = U - lr * dU, v - lr * dv, c - lr * dc
_, bend, _, p = look(Y_hat, U, v, c)
dY = (U.T @ (v[:, None] * (p - 1) / n * bend))[3:]
dY = dY + weight * numpy.sign(Y_hat - Y) / Y.size
dY = dY * (1 - Y_hat**2)
return (A - lr * dY @ X.T, a - lr * dY.sum(axis=1)), (U, v, c)
"""
WRONG_RUNS = [repr(tuple(RUNS[:k] + 'Z' * (6 - k))) for k in range(6)]
VOTES = """
p, q = P.reshape(len(P), -1), Q.reshape(len(Q), -1)
lengths = np.sqrt((q * q).sum(axis=1))
best = (np.dot(p, q.T) / lengths).argmax(axis=1)
return np.array([int((best == k).sum()) for k in range(len(Q))])
"""
DIAGNOSED = """
M = matches.asnumpy()
if (M == M[0]).all():
    return 'matched once'
if losses[len(losses) // 2] - losses[-1] < 0.01 * (losses[0] - losses[-1]):
    return 'stalled'
most = max((M[-1] == k).sum() for k in set(M[-1]))
if most > 0.5 * M.shape[1]:
    return 'repeats'
return 'sound'
"""
ONCE = """if (M == M[0]).all():
    return 'matched once'
"""
STALLED = """if losses[len(losses) // 2] - losses[-1] < 0.01 * (losses[0] - losses[-1]):
    return 'stalled'
"""
REPEATS = """if most > 0.5 * M.shape[1]:
    return 'repeats'
"""
BY_HAND = """
import numpy
Y_hat, Q = Y_hat.asnumpy(), Q.asnumpy()
times, total = numpy.zeros_like(Y_hat), numpy.zeros_like(Y_hat)
for i in range(Q.shape[0]):
    for j in range(Q.shape[1]):
        a, b = i * stride, j * stride
        times[:, a : a + 3, b : b + 3] += 1
        total[:, a : a + 3, b : b + 3] += Q[i, j]
return 2 / Q.size * (times * Y_hat - total)
"""
REPAINTED = """
import numpy
Z, X = Y.asnumpy().astype('float64'), Y_hat.asnumpy().astype('float64')
start, (c, h, w) = X, X.shape
def rows(Y):
    places = [(i, j) for i in range(Y.shape[1] - 2) for j in range(Y.shape[2] - 2)]
    return numpy.stack([Y[:, i:i+3, j:j+3].ravel() for i, j in places])
q = rows(Z)
for k in range(15):
    best = (rows(X) @ (q / numpy.linalg.norm(q, axis=1, keepdims=True)).T).argmax(axis=1)
    total, times = numpy.zeros_like(X), numpy.zeros_like(X)
    wanted = q[best].reshape(h - 2, w - 2, c, 3, 3)
    for i in range(3):
        for j in range(3):
            total[:, i:h-2+i, j:w-2+j] += wanted[..., i, j].transpose(2, 0, 1)
            times[:, i:h-2+i, j:w-2+j] += 1
    X = (total / times + alpha * start) / (1 + alpha)
return X
"""
WRONG = {
    'standardise': (
        'imgs',
        [
            (
                'return ((imgs - rgb_mean) / rgb_std).transpose(0, 3, 1, 2)',
                'divide by 255 first',
            ),
            ('return (imgs / 255 - rgb_mean) / rgb_std', 'now the axes'),
            (
                'return ((imgs[0] / 255 - rgb_mean) / rgb_std).transpose(2, 0, 1)[None]',
                'the first picture only',
            ),
            (
                'return ((imgs[0] / 255 - rgb_mean) / rgb_std).transpose(2, 0, 1)',
                'the first picture only',
            ),
            (
                'x = (imgs / 255 - rgb_mean) / rgb_std\nn, h, w, c = x.shape\n'
                'return x.reshape(n, c, h, w)',
                'move the axes with transpose',
            ),
            (
                'return ((imgs / 255 - rgb_mean) / rgb_std).transpose(0, 3, 2, 1)',
                'rows and columns are swapped',
            ),
            (
                'return ((imgs / 255 - rgb_mean) / rgb_std).transpose(3, 0, 1, 2)',
                'before the pictures',
            ),
            ('return ((imgs / 255) - rgb_mean).transpose(0, 3, 1, 2)', 'not divided by'),
            ('return (imgs / 255).transpose(0, 3, 1, 2)', 'not standardised'),
            (
                'return (imgs / 255 / rgb_std - rgb_mean).transpose(0, 3, 1, 2)',
                'subtract the mean first',
            ),
            (
                'x = (imgs / 255 - rgb_mean[::-1]) / rgb_std[::-1]\n'
                'return x.transpose(0, 3, 1, 2)',
                'red and blue are exchanged',
            ),
        ],
    ),
    'undo': (
        'X',
        [
            ('return X.transpose(0, 2, 3, 1) * rgb_std + rgb_mean', 'but for the clipping'),
            (
                'return ((X.transpose(0, 2, 3, 1) + rgb_mean) * rgb_std).clip(0, 1)',
                'in reverse order',
            ),
            (
                'return 255 * (X.transpose(0, 2, 3, 1) * rgb_std + rgb_mean).clip(0, 1)',
                'not in 0 to 255',
            ),
            (
                'return (X.transpose(0, 2, 3, 1) * rgb_std + rgb_mean).clip(0, 255)',
                'clip to 0 and 1',
            ),
            (
                'n, c, h, w = X.shape\n'
                'return (X.reshape(n, h, w, c) * rgb_std + rgb_mean).clip(0, 1)',
                'reshape scatters',
            ),
            (
                'return (X.transpose(0, 3, 2, 1) * rgb_std + rgb_mean).clip(0, 1)',
                'rows and columns are swapped',
            ),
            (
                'return (X * rgb_std.reshape(3, 1, 1) + rgb_mean.reshape(3, 1, 1)).clip(0, 1)',
                'channels last',
            ),
            ('return postprocess(X)', 'the first picture only'),
            (
                'return ((X.transpose(0, 2, 3, 1) - rgb_mean) / rgb_std).clip(0, 1)',
                'standardises once more',
            ),
        ],
    ),
    'channel_rows': (
        'X',
        [
            ('n, c, h, w = X.shape\nreturn X.reshape(c, n * h * w)', 'the trap'),
            ('return X.transpose(0, 2, 3, 1).reshape(-1, X.shape[1])', 'one column per channel'),
            ('return X[0].reshape(X.shape[1], -1)', 'the first picture only'),
            ('return X.reshape(len(X), -1)', 'one row per picture'),
            ('return X.reshape(X.shape[0], X.shape[1], -1)', 'three axes'),
            ('return X.transpose(1, 2, 3, 0).reshape(X.shape[1], -1)', 'in another order'),
        ],
    ),
    'layer_number': (
        'name, convs_per_block=(2, 2, 4, 4, 4)',
        [
            (NAMES.replace('.index(name)', '.index(name) + 1'), 'one too many'),
            (
                NAMES.replace('names.append', "if name == f'pool{block}': names.append"),
                'pooling at the end of each block',
            ),
            (
                'count = 0\n'
                'for block, convs in enumerate(convs_per_block, start=1):\n'
                '    for depth in range(1, convs + 1):\n'
                "        if name == f'conv{block}_{depth}': return count\n"
                '        count += 1\n'
                "        if name == f'relu{block}_{depth}': return count\n"
                "    if name == f'pool{block}': return count\n",
                'counts the convolutions only',
            ),
            (
                'count = 0\n'
                'for block, convs in enumerate(convs_per_block, start=1):\n'
                '    for depth in range(1, convs + 1):\n'
                "        if name == f'conv{block}_{depth}': return count\n"
                '        count += 1\n'
                "        if name == f'relu{block}_{depth}': return count\n"
                "    if name == f'pool{block}': return count\n"
                '    count += 1\n',
                'followed by a ReLU',
            ),
            ('convs_per_block = (2, 2, 4, 4, 4)' + NAMES, 'right for VGG-19 only'),
        ],
    ),
    'gram': (
        'X',
        [
            (
                'n, c, h, w = X.shape\nX = X.reshape(c, n * h * w)\n'
                'return np.dot(X, X.T) / (n * c * h * w)',
                'mixes pictures and channels',
            ),
            (
                'c = X.shape[1]\nrows = X.transpose(1, 0, 2, 3).reshape(c, -1)\n'
                'return np.dot(rows, rows.T) / X.size',
                'one matrix for the whole batch',
            ),
            (
                'x = X[0].reshape(X.shape[1], -1)\nreturn np.dot(x, x.T) / x.size',
                'the first picture only',
            ),
            (
                'n, c, h, w = X.shape\nx = X.reshape(n, c, -1)\n'
                'return np.matmul(x, x.transpose(0, 2, 1))',
                'not divided by',
            ),
            (
                'n, c, h, w = X.shape\nx = X.reshape(n, c, -1)\n'
                'return np.matmul(x, x.transpose(0, 2, 1)) / (c * c)',
                'number of elements of G',
            ),
            (
                'n, c, h, w = X.shape\nx = X.reshape(n, c, -1)\n'
                'return np.matmul(x, x.transpose(0, 2, 1)) / X.size',
                'leave n out',
            ),
            (
                'n, c, h, w = X.shape\nx = X.reshape(n, c, -1)\n'
                'return np.matmul(x, x.transpose(0, 2, 1)) / (h * w)',
                'divided by h * w only',
            ),
            (
                'n, c, h, w = X.shape\nx = X.reshape(n, c, -1)\n'
                'return np.matmul(x.transpose(0, 2, 1), x) / (c * h * w)',
                'compares each two pixels',
            ),
            (
                'n, c, h, w = X.shape\nx = X.reshape(n, c, -1)\n'
                'x = x - x.mean(axis=2, keepdims=True)\n'
                'return np.matmul(x, x.transpose(0, 2, 1)) / (c * h * w)',
                'covariance',
            ),
        ],
    ),
    'shuffle_pixels': (
        'X',
        [
            ('return X', 'nothing has moved'),
            ('return X[:, :, ::-1, ::-1]', 'same order every time'),
            (
                'n, c, h, w = X.shape\nY = X.reshape(n, c, h * w).copy()\n'
                'for i in range(n):\n    for j in range(c):\n'
                '        Y[i, j] = Y[i, j][np.argsort(np.random.uniform(size=h * w))'
                ".astype('int32')]\n"
                'return Y.reshape(n, c, h, w)',
                'each channel was shuffled',
            ),
            ('return X[:, ::-1]', 'the channels were shuffled'),
            ('return X + np.random.normal(0, 1, X.shape)', 'not the same numbers'),
            (
                'order = np.argsort(np.random.uniform(size=X.size)).astype("int32")\n'
                'return X.reshape(-1)[order].reshape(X.shape)',
                'from one channel or picture to another',
            ),
            ('return X.reshape(X.shape[0], X.shape[1], -1)', 'shape must stay'),
        ],
    ),
    'total_variation': (
        'X',
        [
            (VARIATION.replace(' / 2', ''), 'twice too much'),
            (
                VARIATION.replace('axis=(1, 2, 3)', ''),
                'one number for the whole batch',
            ),
            (VARIATION.replace('mean', 'sum'), 'sum of the differences: take their mean'),
            (
                VARIATION.replace('mean', 'sum').replace(' / 2', ''),
                'half the sum of the two means',
            ),
            (VARIATION.replace('np.abs', ''), 'cancel each other'),
            (VARIATION.replace('np.abs', 'np.square'), 'squares the differences'),
            (VARIATION.replace('rows + columns', 'rows'), 'above each other only'),
            (VARIATION.replace('rows + columns', 'columns'), 'side by side only'),
            (
                'return 0.5 * (np.abs(X - np.roll(X, 1, 1)).mean(axis=(1, 2, 3))\n'
                '        + np.abs(X - np.roll(X, 1, 2)).mean(axis=(1, 2, 3)))',
                'np.roll',
            ),
            (
                VARIATION.replace('[:, 1:, :]', '[:, :, :, 1:]').replace(
                    '[:, :-1, :]', '[:, :, :, :-1]'
                ),
                'compares columns and colours',
            ),
            (
                'return 0.5 * (np.abs(X[:, :, 1:, :] - X[:, :, :-1, :]).mean()\n'
                '        + np.abs(X[:, :, :, 1:] - X[:, :, :, :-1]).mean())',
                'the loss of the chapter',
            ),
        ],
    ),
    'ramp_variation': (
        'h, w, a, b',
        [
            ('return (a + b) / 2', 'take absolute values'),
            ('return abs(a + b) / 2', 'cannot cancel'),
            ('return abs(a) + abs(b)', 'twice too much'),
            ('return (abs(a) * (h - 1) + abs(b) * (w - 1)) / 2', 'height of the whole ramp'),
            ('return (abs(a) * (h - 1) * w + abs(b) * (w - 1) * h) / 2', 'sum of all steps'),
            ('return (abs(a) * (h - 1) / h + abs(b) * (w - 1) / w) / 2', 'h - 1 steps'),
            ('return (a**2 + b**2) / 2', 'not squares'),
        ],
    ),
    'freeze': (
        'net',
        [
            ('return net', 'still computes a gradient'),
            ("net.collect_params().setattr('grad_req', 'null')", 'return the network'),
            ("net.collect_params().setattr('lr_mult', 0)\nreturn net", 'lr_mult'),
            ("net[0].collect_params().setattr('grad_req', 'null')\nreturn net", 'freeze all'),
            (
                "net.collect_params().setattr('grad_req', 'null')\n"
                'net.initialize(init.Zero(), force_reinit=True)\nreturn net',
                'weights themselves have changed',
            ),
            (
                "net.collect_params().setattr('grad_req', 'null')\n"
                'class Cut(gluon.nn.Block):\n'
                '    def __init__(self):\n'
                '        super().__init__()\n'
                '        self.net = net\n'
                '    def forward(self, X):\n'
                '        with autograd.pause():\n'
                '            return self.net(X)\n'
                'return Cut()',
                'does not reach the picture',
            ),
            ('return list(net)', 'not a list'),
        ],
    ),
    'is_frozen': (
        'net',
        [
            (
                "return any(p.grad_req == 'null' for p in net.collect_params().values())",
                'ask all of them',
            ),
            ("return net[0].weight.grad_req == 'null'", 'asks the first layer only'),
            ("return net[-2].weight.grad_req == 'null'", 'asks the last layer only'),
            (
                "return not all(p.grad_req == 'null' for p in net.collect_params().values())",
                'other way round',
            ),
            (
                "return all(layer.weight.grad_req == 'null' for layer in net[::2])",
                'biases',
            ),
            ('return True', 'even for a network that is not frozen'),
            ('return False', 'even for a network that is frozen'),
        ],
    ),
    'adam_step': (
        'x, g, m, v, t, lr',
        [
            (ADAM.replace('/ (1 - 0.9**t)', '').replace('/ (1 - 0.999**t)', ''), 'start at 0'),
            (ADAM.replace('/ (1 - 0.999**t)', ''), 'v needs the correction'),
            (ADAM.replace('/ (1 - 0.9**t)', ''), 'm needs the correction'),
            (ADAM.replace('g * g', 'g'), 'squares of the gradient'),
            (ADAM.replace('np.sqrt(v_hat)', 'v_hat'), 'square root of v'),
            (
                ADAM.replace('0.999 ', '?')
                .replace('0.9 ', '0.999 ')
                .replace('?', '0.9 ')
                .replace('0.001', '?')
                .replace('0.1', '0.001')
                .replace('?', '0.1')
                .replace('0.999**t', '?')
                .replace('0.9**t', '0.999**t')
                .replace('?', '0.9**t'),
                'betas are swapped',
            ),
            (ADAM.replace('x - lr', 'x + lr'), 'uphill'),
            (
                ADAM.replace('m = ', 'm2 = ', 1)
                .replace('v = ', 'v2 = ', 1)
                .replace('m_hat = m', 'm_hat = m2')
                .replace('v_hat = v', 'v_hat = v2'),
                'the old ones',
            ),
            (ADAM.replace('return x, m, v', 'return x'), 'return the new m and v'),
            ('return x - lr * g, m, v', 'plain gradient descent'),
            ('t = t + 1' + ADAM, 'do not add 1'),
            (ADAM.replace('return x, m, v', 'return x, m_hat, v_hat'), 'corrects them twice'),
        ],
    ),
    'lr_at': (
        'epoch, lr, lr_decay, lr_decay_epoch',
        [
            ('return lr * lr_decay ** ((epoch - 1) // lr_decay_epoch)', 'one epoch late'),
            (
                'drops = max(0, epoch - 1) // lr_decay_epoch\nreturn lr * lr_decay**drops',
                'one epoch late',
            ),
            ('return lr * lr_decay ** ((epoch + 1) // lr_decay_epoch)', 'one epoch early'),
            ('return lr * lr_decay ** epoch', 'after every epoch'),
            ('return lr * lr_decay ** (epoch / lr_decay_epoch)', 'glides down'),
            ('return lr * lr_decay if epoch >= lr_decay_epoch else lr', 'drops once only'),
            (
                'k = epoch // lr_decay_epoch\nreturn lr * lr_decay * k if k else lr',
                'drops multiply',
            ),
            (
                'drop = epoch and epoch % lr_decay_epoch == 0\n'
                'return lr * lr_decay if drop else lr',
                'back in the next',
            ),
            ('return lr / lr_decay ** (epoch // lr_decay_epoch)', 'this grows'),
        ],
    ),
    'carry_over': (
        'X, image_shape',
        [
            ('return preprocess(postprocess(X), image_shape)', 'almost black'),
            (
                'return preprocess(postprocess(X) * 255, (image_shape[1], image_shape[0]))',
                'width and height are swapped',
            ),
            ('return preprocess(X[0].transpose(1, 2, 0), image_shape)', 'undo it first'),
            ('return preprocess(255 * X[0].transpose(1, 2, 0), image_shape)', 'undo it first'),
            (
                'img = X[0].transpose(1, 2, 0) * rgb_std + rgb_mean\n'
                'return preprocess(img * 255, image_shape)',
                'not clipped',
            ),
            (
                'return postprocess(preprocess(postprocess(X) * 255, image_shape))',
                'picture for the screen',
            ),
            ('return X', 'old size'),
        ],
    ),
    'weight_effect': (
        'run, recipe, weight, factor',
        [
            (EFFECT.replace("/ getattr(recipe, name + '_weight')", ''), 'weighted terms'),
            (EFFECT.replace('after[name] / before[name]', 'before[name] / after[name]'), 'after'),
            (
                EFFECT.replace('{weight:', "{'style_weight':").replace(
                    'recipe, weight)', "recipe, 'style_weight')"
                ),
                'always changes style_weight',
            ),
            (EFFECT.replace('factor * getattr(recipe, weight)', 'factor'), 'sets the weight'),
            (
                'before = 0' + EFFECT.replace('after[name] / before[name]', 'after[name]'),
                'divide each by what it was before',
            ),
            (
                EFFECT.replace("/ getattr(recipe, name + '_weight')", '').replace(
                    'after[name] / before[name]', 'before[name] / after[name]'
                ),
                'by its own weight, and take',
            ),
            ('return 2.0', "a dict with the keys 'content', 'style', 'tv'"),
        ],
    ),
    'judge_curve': (
        'losses',
        [
            (JUDGE.replace('not all(math.isfinite(l) for l in losses) or ', ''), 'NaN'),
            (JUDGE.replace(' or losses[-1] > losses[0]', ''), 'higher than it began'),
            (JUDGE.replace('len(losses) // 10', '1'), 'mostly noise'),
            (JUDGE.replace('after < 0.99 * before', 'before - after > 0.01'), 'the ratio'),
            (JUDGE.replace('after < 0.99 * before', 'True'), 'never says settled'),
            (JUDGE.replace('after < 0.99', 'after >= 0.99'), 'exchanged'),
            ('return 3', 'must return a str'),
        ],
    ),
    'receptive_field': (
        'name, place, convs_per_block=(2, 2, 4, 4, 4)',
        [
            (
                FIELD.replace('last += distance\n', 'pass\n').replace('distance * 2', '1'),
                'twice as far apart in the picture',
            ),
            (FIELD.replace('distance * 2', '1'), 'the poolings are counted'),
            (FIELD.replace('last += distance\n', 'pass\n'), 'looks at two neighbours'),
            (FIELD.replace('last += distance\n', 'first -= distance\n'), 'to the right'),
            (FIELD.replace('last + place * distance', 'last + place * distance + 1'), 'too far'),
            (
                FIELD.replace(
                    'first - distance, last + distance',
                    'first - 2 * distance, last + 2 * distance',
                ),
                'not two',
            ),
            (FIELD.replace('place * distance', '0'), 'what place 0 sees'),
            (FIELD.replace('place * distance', 'place'), 'several pixels apart'),
            (
                FIELD.replace('first + place * distance,', 'max(0, first + place * distance),'),
                'may be below 0',
            ),
            (FIELD.replace('return first', 'return last - first + 1 #'), 'how wide the field is'),
        ],
    ),
    'growing_sets': (
        'layers',
        [
            (
                'sets, one = [], []\nfor layer in layers:\n'
                '    one.append(layer)\n    sets.append(one)\nreturn sets',
                'copy it',
            ),
            ('return [[layer] for layer in layers]', 'each set holds one layer'),
            ('return [layers[:i] for i in range(1, len(layers))]', 'last set'),
            ('return [layers[:i] for i in range(len(layers))]', 'stops before i'),
            ('return [layers[:i] for i in range(len(layers) + 1)]', 'an empty set in front'),
            ('return [layers[:i] for i in range(len(layers), 0, -1)]', 'shrink'),
            ('return [layers[i:] for i in range(len(layers))]', 'begin with the first'),
            ('return layers', 'each set is a list'),
        ],
    ),
    'content_only': (
        'recipe, layer',
        [
            (
                'return replace(recipe, content_layers=(layer,), style_weight=0)',
                'total variation is still asked for',
            ),
            ('return replace(recipe, content_layers=(layer,))', 'style and total variation'),
            (
                'return replace(recipe, content_layers=(layer,), tv_weight=0)',
                'style is still asked',
            ),
            ('return replace(recipe, style_weight=0, tv_weight=0)', 'still the old one'),
            (
                'layers = recipe.content_layers + (layer,)\n'
                'return replace(recipe, content_layers=layers, style_weight=0, tv_weight=0)',
                'own content layer is still there',
            ),
            (
                'return replace(recipe, content_layers=(layer,), content_weight=1,'
                ' style_weight=0, tv_weight=0)',
                'leave content_weight',
            ),
            (
                'return replace(recipe, content_layers=layer, style_weight=0, tv_weight=0)',
                'InputError',
            ),
            ('recipe.style_weight = 0\nreturn recipe', 'FrozenInstanceError'),
        ],
    ),
    'relative_error': (
        'Y_hat, Y',
        [
            ('return ((Y_hat - Y) ** 2).mean(axis=(0, 2, 3))', 'divide by the variance'),
            ('return ((Y_hat - Y) ** 2).mean() / Y.var()', 'for the whole layer, as in'),
            ('return ((Y_hat - Y) ** 2).mean(axis=(0, 2, 3)) / Y.var()', 'its own variance'),
            (
                'E = ((Y_hat - Y) ** 2).mean(axis=(2, 3)) / Y.var(axis=(2, 3))\n'
                'return E.mean(axis=0)',
                'not picture by picture',
            ),
            (ERROR.replace('/ v', '/ v**0.5'), 'standard deviation'),
            (ERROR.replace('Y - m', 'Y'), 'about its mean'),
            (ERROR.replace('m = Y', 'm = Y_hat').replace('Y - m', 'Y_hat - m'), 'not of Y_hat'),
            (ERROR.replace('return', 'return np.sqrt(').strip() + ')', 'square root'),
            (ERROR.replace('return', 'return 1 -'), '1 minus that'),
            (ERROR.replace('((Y_hat - Y) ** 2)', 'abs(Y_hat - Y)'), 'not its absolute value'),
        ],
    ),
    'gram_numbers': (
        'c',
        [
            ('return c * c', 'symmetric'),
            ('return c * (c - 1) // 2', 'the diagonal counts'),
            ('return c * c / 2', 'not quite half'),
            ('return c', 'diagonal only'),
        ],
    ),
    'pool_average': (
        'X',
        [
            (
                "return npx.pooling(X, kernel=(2, 2), stride=(2, 2), pool_type='max')",
                'max pooling',
            ),
            (
                'h, w = X.shape[2] // 2 * 2, X.shape[3] // 2 * 2\nX = X[:, :, :h, :w]\n'
                'return (X[:, :, ::2, ::2] + X[:, :, 1::2, ::2] + X[:, :, ::2, 1::2]\n'
                '        + X[:, :, 1::2, 1::2])',
                'sum of the four',
            ),
            ('return X[:, :, ::2, ::2]', 'one number of four'),
            (
                'h, w = X.shape[2] // 2 * 2, X.shape[3] // 2 * 2\nreturn X[:, :, :h:2, :w:2]',
                'one number of four',
            ),
            (
                "return npx.pooling(X, kernel=(2, 2), stride=(1, 1), pool_type='avg')",
                'blocks overlap',
            ),
            (
                'X = X.asnumpy()\nn, c, h, w = X.shape\n'
                'rows = [X[:, :, i:i + 2] for i in range(0, h, 2)]\n'
                'blocks = [[r[..., j:j + 2] for j in range(0, w, 2)] for r in rows]\n'
                'return np.array([[b.mean(axis=(2, 3)) for b in r] for r in blocks])'
                '.transpose(2, 3, 0, 1)',
                'has no partner: it is left out',
            ),
            (
                'n, c, h, w = X.shape\n'
                'P = np.zeros((n, c, h + h % 2, w + w % 2))\nP[:, :, :h, :w] = X\n'
                'return P.reshape(n, c, -1, 2, P.shape[3] // 2, 2).mean(axis=(3, 5))',
                'with zeros',
            ),
            (
                'n, c, h, w = X.shape\nX = X[:, :, h % 2:, w % 2:]\n'
                'return X.reshape(n, c, h // 2, 2, w // 2, 2).mean(axis=(3, 5))',
                'not the first',
            ),
            (
                'n, c, h, w = X.shape\nX = X[:, :, : h // 2 * 2, : w // 2 * 2]\n'
                'return X.reshape(n, c, h // 2, w // 2, 4).mean(axis=-1)',
                'in a row in memory',
            ),
            (
                'n, c, h, w = X.shape\nX = X[:, :, : h // 2 * 2, : w // 2 * 2]\n'
                'return X.reshape(n, c, 2, h // 2, 2, w // 2).mean(axis=(2, 4))',
                'half a picture apart',
            ),
            (
                'h = X.shape[2] // 2 * 2\nreturn (X[:, :, :h:2] + X[:, :, 1:h:2]) / 2',
                'two rows each',
            ),
            (
                'w = X.shape[3] // 2 * 2\nreturn (X[..., :w:2] + X[..., 1:w:2]) / 2',
                'two columns each',
            ),
            (
                'n, c, h, w = X.shape\n'
                'return X.reshape(n, c, h // 2, 2, w // 2, 2).mean(axis=(3, 5))',
                'your code raised',
            ),
        ],
    ),
    'paper_style_loss': (
        'Y_hat, Y',
        [
            (
                'return np.square(losses.gram(Y_hat) - losses.gram(Y)).mean(axis=(1, 2))',
                "the book's loss",
            ),
            (PAPER.replace('axis=(1, 2)', ''), 'the sum over the pictures'),
            (
                PAPER.replace('E.sum(axis=(1, 2))', 'E.sum(axis=(1, 2)).mean()'),
                'the mean over the pictures',
            ),
            ('Y_hat = Y_hat[:1]' + PAPER.replace('axis=(1, 2)', ''), 'the first picture only'),
            (PAPER.replace('.sum(', '.mean('), 'a mean over the entries'),
            (
                PAPER.replace('reshape(1, N, M)', 'reshape(1, N, M) / (N * M) ** 0.5').replace(
                    'reshape(-1, N, M)', 'reshape(-1, N, M) / (N * M) ** 0.5'
                ),
                'divided by c * h * w already',
            ),
            (PAPER.replace('4 * N', 'N'), 'the 4 is missing'),
            (PAPER.replace('(4 * N**2 * M**2)', '(4 * N * M) ** 2'), 'the 4 is not squared'),
            (PAPER.replace('N**2 * M**2', 'N * M'), 'N and M are squared'),
            (PAPER.replace('M**2', 'M'), 'M is squared too'),
            (PAPER.replace('N**2', 'N'), 'N is squared too'),
            (PAPER.replace(' / (4 * N**2 * M**2)', ''), 'not divided by'),
            (PAPER.replace('np.square', 'np.abs'), 'absolute values'),
            (
                'N, M = Y.shape[1], Y.shape[2] * Y.shape[3]\n'
                'return np.square(Y_hat - Y).sum(axis=(1, 2, 3)) / (4 * N**2 * M**2)',
                'compares the outputs themselves',
            ),
        ],
    ),
    'book_factors': (
        'c, h, w',
        [
            ('return c * h * w / 2, c**2 / 4', 'the other way round'),
            ('return 4 / c**2, 2 / (c * h * w)', 'in the wrong order'),
            ('return 1 / (c * h * w), 4 / c**2', 'half the sum'),
            ('return 2 / (h * w), 4 / c**2', 'over the channels too'),
            ('return 2, 4 / c**2', 'a sum is the mean times'),
            ('return 2 / (c * h * w), 1 / c**2', 'by 4 as well'),
            ('return 2 / (c * h * w), 4 / c', 'c * c entries'),
            ('return 2 / (c * h * w), 4', 'a sum over a Gram matrix'),
            ('return 2 / (c * h * w), 4 * (h * w) ** 2', 'divided by c * h * w already'),
            ('return 2 / (c * h * w), 4 / (c * h * w) ** 2', 'most of it cancels'),
            ('return 4 / c**2', 'it must return 2 things'),
        ],
    ),
    'normalise_filters': (
        'W, b, W_next, Y',
        [
            (FILTERS.replace(' * m.reshape(1, -1, 1, 1)', ''), 'undo it in W_next'),
            (FILTERS.replace('W_next * m', 'W_next / m'), 'scaled the wrong way'),
            (FILTERS.replace('W_next * m.reshape(1, -1,', 'W_next * m.reshape(-1, 1,'), 'listens'),
            (FILTERS.replace('W / m.reshape(-1, 1,', 'W / m.reshape(1, -1,'), 'along its inputs'),
            (FILTERS.replace('b / m', 'b'), 'the bias'),
            (FILTERS.replace('npx.relu(Y)', 'Y'), 'before the ReLU'),
            (FILTERS.replace('m = ', 'm = 1 / '), 'divided by 2'),
            (
                FILTERS.replace('mean(axis=(0, 2, 3))', 'mean() * np.ones(len(b))'),
                'the whole layer',
            ),
            (FILTERS.replace('relu(Y)', 'relu(Y[:1])'), 'over the first picture'),
            (
                FILTERS.replace('mean(axis', 'sum(axis').replace(
                    '\nreturn', ' / (Y > 0).sum(axis=(0, 2, 3))\nreturn'
                ),
                'where the filter fires',
            ),
            (FILTERS.replace('mean(', 'max('), 'largest activation'),
            (FILTERS.replace('mean(', 'std('), 'standard deviation 1'),
            (FILTERS.replace('m.reshape(-1, 1, 1, 1)', 'm'), 'your code raised'),
            ('m = npx.relu(Y).mean(axis=(0, 2, 3))\nW /= m[0]\nreturn W, b, W_next', 'off'),
        ],
    ),
    'descent_direction': (
        'g, pairs',
        [
            (LOOPS.replace('return -r', 'return r'), 'uphill'),
            ('return -g', 'plain gradient'),
            (LOOPS.replace(' if float((s * y).sum()) > 0', ''), 'leave such pairs out'),
            ('pairs = pairs[::-1]' + LOOPS, 'the first of the list here, not the last'),
            (
                'pairs = pairs[::-1]' + LOOPS.replace(' if float((s * y).sum()) > 0', ''),
                'and a pair with s.y below 0 is left out',
            ),
            (LOOPS.replace('len(bent) > 0', 'False'), 'the scaling between the loops'),
            (LOOPS.replace('(s * y).sum() / (y * y)', '(y * y).sum() / (s * y)'), 'upside down'),
            (LOOPS.replace('(s * y).sum() / (y * y)', '(s * s).sum() / (s * y)'), 's.s / s.y'),
            (LOOPS.replace('bent[0]', 'bent[-1]'), 'not of the oldest'),
            (
                LOOPS.replace('in bent:', 'in bent[::-1]:').replace('(bent[::-1], ', '(bent, '),
                "in each other's order",
            ),
            (
                LOOPS.replace('(bent[::-1], alphas[::-1])', '(bent, alphas)'),
                'the second loop runs the other way',
            ),
            (
                LOOPS.replace('in bent:', 'in bent[::-1]:').replace('alphas[::-1]', 'alphas'),
                'the first loop runs the other way',
            ),
            (LOOPS.replace('alphas[::-1]', 'alphas'), 'pair each with the step'),
            (LOOPS.replace('alpha * y', 'alpha * s'), 'subtracts alpha times y'),
            (LOOPS.replace('(alpha - beta) * s', '(alpha - beta) * y'), 'adds a multiple of s'),
            (LOOPS.replace('alpha = (s * r)', 'alpha = (y * r)'), 'alpha needs s.r'),
            (LOOPS.replace('beta = (y * r)', 'beta = (s * r)'), 'beta needs y.r'),
            (LOOPS.replace('(alpha - beta)', 'alpha'), 'not alpha s'),
            ('pairs = pairs[:1]' + LOOPS, 'the newest pair only'),
            (LOOPS.replace('if len(bent) > 0', 'if True'), 'list index out of range'),
            (LOOPS.replace('r = r - alpha * y', 'r -= alpha * y'), 'changes what it was given'),
        ],
    ),
    'keep_luminance': (
        'result, content',
        [
            (
                LIGHT.replace('np.maximum(Y, -m.min(axis=0))', 'Y').replace(
                    'np.minimum(Y, 1 - m.max(axis=0))', 'Y'
                ),
                'some of these colours are none',
            ),
            (
                LIGHT.replace('np.maximum(Y, -m.min(axis=0))', 'Y')
                .replace('np.minimum(Y, 1 - m.max(axis=0))', 'Y')
                .replace('return Y + m', 'return (Y + m).clip(0, 1)'),
                'one by one',
            ),
            ('result, content = content, result' + LIGHT, 'roles are exchanged'),
            (
                LUMA
                + 'return (content * luma).sum(axis=0) + result - (result * luma).sum(axis=0)',
                'roles are exchanged',
            ),
            (LIGHT.replace('[0.299, 0.587, 0.114]', '[1 / 3, 1 / 3, 1 / 3]'), 'green as lighter'),
            (LIGHT.replace('[0.299, 0.587, 0.114]', '[0.114, 0.587, 0.299]'), 'red and blue'),
            (LIGHT.replace('np.minimum(Y, 1 - m.max(axis=0))', 'Y'), 'upper bound'),
            (LIGHT.replace('np.maximum(Y, -m.min(axis=0))', 'Y'), 'lower bound'),
            (LIGHT.replace('(axis=0))', '())'), 'each pixel has its own'),
            (
                LUMA + 'return np.stack(3 * [(result * luma).sum(axis=0)])',
                'this is grey',
            ),
            (
                LUMA
                + 'return content * ((result * luma).sum(axis=0) / (content * luma).sum(axis=0))',
                'multiplies the colours',
            ),
            (
                LUMA + 'return result + content - (content * luma).sum(axis=0)',
                'its own colours',
            ),
            (
                LIGHT.replace('return ', 'return 255 * (').replace('+ m\n', '+ m)\n'),
                'not in 0 to 255',
            ),
        ],
    ),
    'match_colors': (
        'style, content',
        [
            *of_both_roots('style.shape)', 'style.shape).clip(0, 255)', 'but for the clipping'),
            (COLORS.replace('np.dot(x - mu_s, A.T)', 'x - mu_s'), 'multiply by A'),
            (
                's, c = style.reshape(3, -1).T, content.reshape(3, -1).T\n'
                'x = (s - s.mean(axis=0)) / s.std(axis=0)\n'
                'return (x * c.std(axis=0) + c.mean(axis=0)).T.reshape(style.shape)',
                'one by one',
            ),
            (COLORS.replace('np.linalg.cholesky(S)', 'np.sqrt(S)'), 'of every entry'),
            (COLORS.replace('np.linalg.cholesky(S)', 'S'), 'covariances themselves'),
            (COLORS.replace('A.T)', 'A)'), 'A is turned round: with'),
            (COLORS.replace(MATRIX, 'np.dot(np.linalg.inv(root_s), root_c)'), 'exchanged: what'),
            (
                COLORS.replace(MATRIX, 'np.dot(np.linalg.inv(root_s), root_c).T'),
                'exchanged, and A is turned round',
            ),
            (SYMMETRIC.replace('A.T)', 'A)'), 'exchanged, or A is turned round'),
            (
                SYMMETRIC.replace(MATRIX, 'np.dot(np.linalg.inv(root_s), root_c)'),
                'exchanged, or A is turned round',
            ),
            *of_both_roots(
                MATRIX, 'np.dot(root_s, np.linalg.inv(root_c))', 'inverse is of the wrong root'
            ),
            *of_both_roots('x - mu_s', 'x', "subtract the style picture's mean"),
            *of_both_roots(' + mu_c', '', "add the content picture's mean"),
            ('style, content = content, style' + COLORS, 'recolours the content picture'),
            ('style, content = content, style' + SYMMETRIC, 'recolours the content picture'),
            ('return style', 'its own colours'),
            (COLORS.replace(' + mu_c', ' + mu_c + 9'), 'the mean colour is not'),
            (COLORS.replace(' + mu_c', ' * 1.1 + mu_c'), 'the covariance is not'),
            (
                COLORS.replace('A = ', 'x = x[::-1]\nA = '),
                'no longer get one colour',
            ),
        ],
    ),
    'soft_mask': (
        'mask, layer',
        [
            (MASK.replace(' - 1', ''), 'one pooling too many'),
            (MASK.replace('layer[4]', 'layer[-1]'), 'in front of the underscore'),
            (
                MASK.replace('layer[4]', 'layer[-1]').replace(' - 1', ''),
                'in front of the underscore',
            ),
            (MASK.replace('int(layer[4]) - 1', '1'), 'one pooling for every layer'),
            ('return mask', 'size of the picture'),
            (MASK.replace('.reshape(h, 2, w, 2).mean(axis=(1, 3))', '[::2, ::2]'), 'stays hard'),
            (MASK.replace('mean(', 'max('), 'not their maximum'),
            (MASK.replace('return mask', 'return mask >= 0.5'), 'but rounded'),
            (
                'step = 2 ** (int(layer[4]) - 1)\nh, w = mask.shape\n'
                'return image.imresize(mask.reshape(h, w, 1), w // step, h // step)[..., 0]',
                'in one go',
            ),
        ],
    ),
    'guided_grams': (
        'X, masks',
        [
            (GUIDED.replace(' * (T / np.sqrt((T * T).mean()))', ''), 'mask is not used'),
            (GUIDED.replace(' / np.sqrt((T * T).mean())', ''), 'right but for the scale'),
            (GUIDED.replace('(T * T).mean()', '(masks * masks).mean()'), 'of that of all masks'),
            (GUIDED.replace('np.sqrt((T * T).mean())', 'T.mean()'), 'divides T by its mean:'),
            (GUIDED.replace('(T * T).mean()', 'T.mean()'), 'root of the mean of T'),
            (GUIDED.replace('np.sqrt((T * T).mean())', '(T * T).mean()'), 'its mean square'),
            (GUIDED.replace('.mean()', '.sum()'), 'take their mean'),
            (GUIDED.replace('np.sqrt((T * T).mean())', 'T.sum()'), 'by the sum of T'),
            (ONE_SIDE.replace('divisor', 'c * T.sum()'), 'multiplies by T once'),
            (ONE_SIDE.replace('divisor', 'c * h * w'), 'on one side of the product'),
            ('masks = (masks > 0).astype("float32")' + GUIDED, 'for a hard one'),
            ('masks = (masks >= 0.5).astype("float32")' + GUIDED, 'for a hard one'),
            (GUIDED.strip() + '[0]', 'the first region only'),
            (GUIDED.strip() + '.sum(axis=0)', 'adds up the regions'),
            (GUIDED.strip() + ' * X.shape[0]', 'the number of channels'),
        ],
    ),
    'mix_grams': (
        'grams, weights',
        [
            (MIX.replace('total = sum(weights)', 'total = 1'), 'weighted sum'),
            ('weights = [1] * len(weights)' + MIX, 'the weights are not used'),
            (MIX.replace('total = sum(weights)', 'total = len(weights)'), 'number of paintings'),
            (MIX.replace('total = sum(weights)', 'total = max(weights)'), 'largest weight'),
            ('weights = [math.exp(w) for w in weights]' + MIX, 'softmax'),
            ('weights = [w * w for w in weights]' + MIX, 'used twice'),
            ('weights = weights[::-1]' + MIX, 'in the wrong order'),
            ('return [layer[0] for layer in grams]', 'the first painting alone'),
            (
                'total = sum(weights)\n'
                'return [[w * G / total for w, G in zip(weights, layer)] for layer in grams]',
                'add them up',
            ),
            (MIX.strip() + '[0]', 'the first layer only'),
        ],
    ),
    'instance_norm': (
        'X, gamma, beta',
        [
            (INSTANCE.replace('axis=(2, 3)', 'axis=(0, 2, 3)'), 'this is batch norm'),
            (INSTANCE.replace('axis=(2, 3)', 'axis=(1, 2, 3)'), 'this is layer norm'),
            (INSTANCE.replace('axis=(2, 3)', 'axis=1'), 'over the channels'),
            (INSTANCE.replace('np.sqrt(v + 1e-5)', '(v + 1e-5)'), 'by its root'),
            (INSTANCE.replace('np.sqrt(v + 1e-5)', '(np.sqrt(v) + 1e-5)'), 'under the root'),
            (INSTANCE.replace(' + 1e-5', ''), 'nearly flat'),
            (INSTANCE.replace('(X - mean) /', 'X /'), 'subtract the mean'),
            (
                INSTANCE.replace(
                    'gamma, beta =', 'v = v * X[0, 0].size / (X[0, 0].size - 1)\ngamma, beta ='
                ),
                'by hw - 1',
            ),
            ('gamma, beta = beta, gamma' + INSTANCE, 'are exchanged'),
            (INSTANCE.replace(' + beta', ''), 'beta is not added'),
            (INSTANCE.replace('return gamma * ', 'return '), 'gamma is not used'),
            ('gamma, beta = 0 * gamma + 1, 0 * beta' + INSTANCE, 'now multiply by gamma'),
        ],
    ),
    'count_learned': (
        'widths, residuals, kernel',
        [
            (LEARNED.replace('weights + channels', 'weights'), 'the biases are missing'),
            (LEARNED.replace(' + 2 * (channels - 3)', ''), 'the norms are missing'),
            (
                LEARNED.replace('weights + channels + 2 * (channels - 3)', 'weights'),
                'have numbers',
            ),
            (LEARNED.replace('2 * (channels - 3)', 'channels - 3'), 'has two numbers'),
            (LEARNED.replace('channels - 3', 'channels'), 'has no norm'),
            (LEARNED.replace('2 * residuals', 'residuals'), 'has two convolutions'),
            (LEARNED.replace('k * k', 'k'), 'is a square'),
            (LEARNED.replace(', 3)', ', kernel)'), 'have the large kernel'),
            ('kernel = 3' + LEARNED, 'of the given side'),
            (LEARNED.replace('a * b * k', 'b * k'), 'for each channel in front'),
        ],
    ),
    'mirror': (
        'X, margin',
        [
            (PADDED.replace('reflect', 'symmetric'), 'is there twice'),
            (PADDED.replace('reflect', 'edge'), 'repeats the border'),
            (PADDED.replace('reflect', 'constant'), 'these are zeros'),
            (PADDED.replace('reflect', 'wrap'), 'the opposite side'),
            (MIRRORED.replace('[::-1]\n', '\n', 1), 'in the wrong order'),
            (
                MIRRORED.replace('beyond(beyond(X, 2), 3)', 'beyond(X, 2)'),
                'left and right are missing',
            ),
            (
                MIRRORED.replace('beyond(beyond(X, 2), 3)', 'beyond(X, 3)'),
                'above and below are missing',
            ),
            (MIRRORED.replace('[begin, X, end]', '[begin, X]'), 'on one side only'),
            ('margin = 1' + MIRRORED, 'a margin of 1'),
            ('return X', 'as it was'),
        ],
    ),
    'style_distance': (
        'G, target, photos',
        [
            ('return np.square(G - target).mean(axis=(1, 2))', 'these are the mean squares'),
            (RELATIVE.replace('(photos', '(photos.mean(axis=0)'), 'of the mean photograph'),
            (
                RELATIVE.replace('(photos - target)', '(photos - photos.mean(axis=0))'),
                'from their own mean',
            ),
            (RELATIVE.replace('(photos - target)', '(target)'), 'the size of the target'),
            (RELATIVE.replace('(photos - target)', '(photos)'), "of the photographs' matrices"),
            (
                RELATIVE.replace(
                    'np.square(photos - target).mean()',
                    'np.square(photos - target).mean(axis=(1, 2)).sum()',
                ),
                'by the sum over the photographs',
            ),
            (RELATIVE.replace('axis=(1, 2)', ''), 'for each of them'),
            (RELATIVE.replace('far /', 'np.sqrt(far) / np.sqrt(')[:-1] + ')', 'this is the root'),
            (RELATIVE.replace('(G - target).mean', '(G - target).sum'), 'above a sum'),
            (RELATIVE.replace('return far /', 'return 1 / far *'), 'upside down'),
        ],
    ),
    'pays_off': (
        'learning, one_pass, optimisation',
        [
            (PAID.replace(' - one_pass)', ')'), 'a pass takes time too'),
            (
                PAID.replace('floor', 'ceil').replace(' - one_pass)) + 1', '))'),
                'a pass takes time too',
            ),
            (PAID.replace(' + 1', ''), 'has not paid off yet'),
            (PAID.replace('math.floor', 'round').replace(' + 1', ''), 'rounds to the nearest'),
            (PAID.replace('floor', 'ceil').replace(' + 1', ''), 'at equal times'),
            (PAID.replace('>= optimisation', '< 0'), 'never pays off'),
            (
                PAID.replace('>= optimisation', '< 0').replace(
                    '(optimisation', 'abs(optimisation'
                ),
                'never pays off',
            ),
            (PAID.replace('optimisation - ', 'optimisation + '), 'subtract it'),
        ],
    ),
    'style_numbers': (
        'widths, residuals, norm_at_end',
        [
            (NUMBERS.replace('2 * channels', 'channels'), 'a gamma and a beta'),
            (NUMBERS.replace('+= 3', '+= 0'), 'the norm of the picture itself is missing'),
            (NUMBERS.replace('if norm_at_end', 'if True'), 'even where there is none'),
            (NUMBERS.replace('2 * residuals', 'residuals'), 'has two convolutions'),
            (NUMBERS.replace('2 * residuals', '2'), 'one residual block'),
            (NUMBERS.replace('2 * residuals * four + ', ''), 'residual blocks are missing'),
            (NUMBERS.replace(' + two + one', ''), 'the way up is missing'),
            (NUMBERS.replace(' + two + one', ' + four + two + one'), 'one layer too many'),
            (NUMBERS.replace('residuals * four', 'residuals * (one + two + four)'), 'last width'),
        ],
    ),
    'fold_style': (
        'W, gamma, beta, mean, variance',
        [
            (FOLD.replace(' + 1e-5', ''), 'the 1e-5 under the root is missing'),
            (FOLD.replace('np.sqrt(variance + 1e-5)', '(np.sqrt(variance) + 1e-5)'), 'belongs'),
            (FOLD.replace('np.sqrt', ''), 'divides by its root'),
            (FOLD.replace('gamma /', 'gamma *'), 'multiplies by the deviation'),
            (FOLD.replace('gamma /', '1 /'), 'gamma is not used'),
            (FOLD.replace(' - rate * mean', ''), 'the bias is not'),
            (FOLD.replace(' - rate * mean', ' - mean'), 'scale it too'),
            (FOLD.replace('- rate', '+ rate'), 'not added'),
            (FOLD.replace('beta - rate * mean', '(beta - mean) * rate'), 'beta comes last'),
            (FOLD.replace(' * rate.reshape(-1, 1, 1, 1)', ''), 'the bias is right'),
            (FOLD.replace('-1, 1, 1, 1', '1, -1, 1, 1'), 'channels that come in'),
            ('gamma, beta = beta, gamma' + FOLD, 'gamma and beta are exchanged'),
            (FOLD.replace(', beta - rate * mean', ''), 'return the weights and the bias'),
        ],
    ),
    'balance': (
        'photos, painting',
        [
            (FACTOR.replace('len(photos) / total', 'total / len(photos)'), 'one over it'),
            ('return float(1 / np.square(photos.mean(axis=0) - painting).mean())', 'the mean of'),
            (
                'return float((1 / np.square(photos - painting).mean(axis=(1, 2))).mean())',
                'mean of the factors',
            ),
            ('return float(1 / np.square(photos[0] - painting).mean())', 'first photograph only'),
            ('photos = photos[:1]' + FACTOR, 'first photograph only'),
            (FACTOR.replace('.mean()', '.sum()'), 'not their sum'),
            ('return float(1 / np.square(photos - painting).sum())', 'entries and photographs'),
            (FACTOR.replace('len(photos)', '1'), 'mean over the photographs'),
            (
                FACTOR.replace('float(len(photos) / total)', 'float(len(photos) / total) ** 0.5'),
                'no root',
            ),
            ('return float(1 / np.square(painting).mean())', 'size of the painting'),
            (
                'return float(1 / np.abs(photos - painting).mean())',
                'not absolute values',
            ),
            ('painting = photos.mean(axis=0)' + FACTOR, 'among themselves'),
        ],
    ),
    'margins': (
        'table',
        [
            (MARGIN.replace(' if j != k', ''), 'is mostly its own'),
            (MARGIN.replace('table[k, j]', 'table[j, k]'), 'down the columns'),
            (MARGIN.replace('min(others)', '(sum(others) / len(others))'), 'mean of all others'),
            (MARGIN.replace('min(', 'max('), 'over the farthest'),
            (
                MARGIN.replace(
                    'float(table[k, k]) / min(others)', 'min(others) / table[k, k].item()'
                ),
                'other way round',
            ),
            (MARGIN.replace('/ min', '- min'), 'this is a difference'),
            (
                'table = np.sort(table, axis=1)\nreturn table[:, 0] / table[:, 1]',
                'smallest number of a row for its own',
            ),
            (
                'own = np.array([table[k, k].item() for k in range(len(table))])\n'
                'return own / np.sort(table, axis=1)[:, 1]',
                'second number',
            ),
            (MARGIN.replace('np.array(ratios)', 'max(ratios)'), 'not only the worst'),
        ],
    ),
    'shares_of': (
        'row, table',
        [
            (FREE, 'nearest of all sums of rows'),
            (FREE.replace('return S', 'return S / S.sum()'), 'divided by their sum'),
            (
                NEAREST.replace('return', 'S =') + 'S = S.clip(0, 1)\nreturn S / S.sum()',
                'leave them as they are',
            ),
            (NEAREST.strip() + '.clip(0, 1)', 'leave them as they are'),
            (
                'far = np.square(table - row).sum(axis=1)\nreturn (far == far.min()) * 1.0',
                'nearest row alone',
            ),
            (
                'near = 1 / np.square(table - row).sum(axis=1)\nreturn near / near.sum()',
                'near rows with large shares',
            ),
            (
                'return npx.softmax(-np.square(table - row).mean(axis=1))',
                'a softmax of distances',
            ),
            (
                NEAREST.replace('np.concatenate([1 - rest.sum().reshape(1), rest])', 'rest'),
                'the first row is missing',
            ),
            (
                NEAREST.replace(
                    '[1 - rest.sum().reshape(1), rest]', '[rest, 1 - rest.sum().reshape(1)]'
                ),
                'not in the order',
            ),
            (NEAREST.replace('return ', 'return np.dot(').strip() + ', table)', 'mixture itself'),
        ],
    ),
    'deviation_of_gram': (
        'G, mean',
        [
            (DEVIATION.replace('c * diagonal', 'diagonal'), 'multiply by c first'),
            (DEVIATION.replace(' - mean ** 2', ''), 'root of the mean square'),
            (
                DEVIATION.replace('c * diagonal - mean ** 2', 'diagonal'),
                'root of the diagonal',
            ),
            (DEVIATION.replace('np.sqrt(', '('), 'this is the variance'),
            (
                DEVIATION.replace(
                    'c * diagonal - mean ** 2', 'np.maximum(c * diagonal - mean, 0)'
                ),
                'not the mean',
            ),
            (DEVIATION.replace('- mean', '+ mean'), 'not added'),
            (
                DEVIATION.replace('(G * np.eye(c)).sum(axis=2)', 'G.sum(axis=2)').replace(
                    'c * diagonal - mean ** 2', 'np.maximum(c * diagonal - mean ** 2, 0)'
                ),
                'adds up each row',
            ),
        ],
    ),
    'blend': (
        'content, styles, weights, alpha',
        [
            (BLEND.replace('total = sum(weights)', 'total = 1'), 'divide by their sum'),
            ('weights = [1] * len(weights)' + BLEND, 'the weights are not used'),
            (BLEND.replace('total = sum(weights)', 'total = len(weights)'), 'number of styles'),
            ('alpha = 1 - alpha' + BLEND, 'the other way round'),
            ('alpha = 1' + BLEND, 'this is the full style'),
            (BLEND.replace('(1 - alpha) * m, (1 - alpha) * d', '0, 0'), 'is missing'),
            (BLEND.replace('(1 - alpha) * m, (1 - alpha) * d', 'm, d'), 'count in full'),
            (
                VARIANCES.replace('return mean, deviation', 'return mean, np.sqrt(deviation)'),
                'mixes variances',
            ),
            (VARIANCES, 'not the variance'),
            (BLEND.replace('return mean, deviation', 'return deviation, mean'), 'turned round'),
            ('weights = weights[::-1]' + BLEND, 'in the wrong order'),
            ('styles, weights = styles[:1], [1]' + BLEND, 'first painting alone'),
        ],
    ),
    'region_adain': (
        'content, styles, masks',
        [
            (
                IN_REGIONS.replace('content * T', 'content'),
                'measures the whole photo',
            ),
            (IN_REGIONS, 'the zeros outside'),
            (REGIONS.replace('+ T * (deviation_Z', '+ (deviation_Z'), 'multiply each by its mask'),
            (
                f'{ADAIN}\nreturn sum(adain(content * T, Z) for Z, T in zip(styles, masks))',
                'mask the result too',
            ),
            ('styles = styles[::-1]' + REGIONS, 'in the wrong order'),
            ('styles = styles[:1] * len(styles)' + REGIONS, 'every region has'),
            (
                'rest = content * (1 - masks[0])\nstyles, masks = styles[:1], masks[:1]'
                + REGIONS.replace('return result', 'return result + rest'),
                'only the first region',
            ),
            (
                f'{ADAIN}\nmixture = sum(adain(content, Z) for Z in styles)\n'
                'return adain(content, mixture / len(styles))',
                'mixes the styles everywhere',
            ),
        ],
    ),
    'style_left': (
        'Y, X, Z',
        [
            (LEFT.replace(' / away(X, Z)).mean()', '.sum() / away(X, Z).sum())'), 'sum by sum'),
            (LEFT.replace('.mean()', ''), 'return their mean'),
            (LEFT.replace('(away(Y, Z) / away(X, Z))', 'away(Y, Z)'), 'is not divided'),
            (LEFT.replace('away(Y, Z)', 'away(Y, X)'), 'the way behind you'),
            (LEFT.replace('return (', 'return 1 - ('), 'what has been done'),
            (
                LEFT.replace('away(Y, Z) / away(X, Z)', 'away(X, Z) / away(Y, Z)'),
                '0 the painting',
            ),
            (LEFT.replace('in parts', 'in list(parts)[:1]'), 'the means alone'),
            (LEFT.replace('in parts', 'in list(parts)[1:]'), 'the deviations alone'),
            (
                LEFT.replace('away(Y, Z) / away(X, Z)', 'np.sqrt(away(Y, Z) / away(X, Z))'),
                'no root',
            ),
            (LEFT.replace('((a - b) ** 2)', 'np.abs(a - b)'), 'absolute differences'),
            (
                'from styletransfer.feedforward.encoder import moments\n'
                'def shares(k):\n'
                '    away = [((moments(T)[k] - moments(Z)[k]) ** 2).sum(axis=1) for T in (Y, X)]\n'
                '    return (away[0] / away[1]).mean()\n'
                'return (shares(0) + shares(1)) / 2',
                'then divide once',
            ),
        ],
    ),
    'explained': (
        'S, k',
        [
            (EXPLAINED.replace(' - S.mean(axis=0)', ''), "subtract the styles' mean"),
            (
                EXPLAINED.replace('S.mean(axis=0)', 'S.mean(axis=1, keepdims=True)'),
                'the mean is over the',
            ),
            (
                EXPLAINED.replace('return', 'sizes = abs(sizes) ** 0.5\nreturn'),
                'a variance is the square',
            ),
            (EXPLAINED.replace('return', 'sizes = sizes ** 2\nreturn'), 'do not square them'),
            (EXPLAINED.replace('[:k]', '[:1]'), 'the first direction alone'),
            (EXPLAINED.replace('[:k]', '[k - 1:k]'), 'the k-th direction alone'),
            (EXPLAINED.replace('return ', 'return 1 - '), 'this is what is lost'),
            (EXPLAINED.replace('[::-1]', ''), 'these are the smallest'),
            (
                'sizes = sorted(S.var(axis=0).asnumpy())[::-1]\n'
                'return float(sum(sizes[:k]) / sum(sizes))',
                'one by one',
            ),
        ],
    ),
    'votes': (
        'P, Q',
        [
            (VOTES.replace('np.sqrt((q * q).sum(axis=1))', '(q * q).sum(axis=1)'), 'is a root'),
            (VOTES.replace(' / lengths)', ')'), 'the loudest patches'),
            (
                VOTES.replace('argmax(axis=1)', 'argmax(axis=0)').replace('len(Q))]', 'len(P))]'),
                'along the other axis',
            ),
            ('P, Q = Q, P' + VOTES, 'have changed places'),
            (
                VOTES.replace(
                    '(np.dot(p, q.T) / lengths)', '(2 * np.dot(p, q.T) - (q * q).sum(axis=1))'
                ),
                'smallest distance',
            ),
            ('P, Q = P.mean(axis=(2, 3)), Q.mean(axis=(2, 3))' + VOTES, 'means of the patches'),
            (VOTES.replace('int((best == k).sum())', '(best == k).mean()'), 'return how many'),
            (VOTES.replace('int((best == k).sum())', '(best == k).max()'), 'return how often'),
        ],
    ),
    'diagnose': (
        'losses, matches',
        [
            (
                DIAGNOSED.replace(ONCE, '').replace(STALLED, STALLED + ONCE),
                'the first that fits',
            ),
            (DIAGNOSED.replace('(losses[0] - losses[-1])', 'losses[0]'), 'not against the loss'),
            (DIAGNOSED.replace(' * (losses[0] - losses[-1])', ''), 'a hundredth as such'),
            (DIAGNOSED.replace('M[-1]', 'M[0]'), 'of the last epoch'),
            (DIAGNOSED.replace('0.5', '0.25'), 'is no fault yet'),
            (DIAGNOSED.replace(ONCE, ''), 'ever renewed'),
            (DIAGNOSED.replace(STALLED, ''), 'still fall'),
            (DIAGNOSED.replace(REPEATS, ''), 'how often does the most'),
            ("return 'good'", 'it must return one of'),
            (DIAGNOSED.replace('0.01', '-1'), 'still fall'),
        ],
    ),
    'patch_gradient': (
        'Y_hat, Q, stride',
        [
            (BY_HAND.replace('(times * Y_hat - total)', '(Y_hat - total / times)'), 'shares each'),
            (BY_HAND.replace('times * Y_hat', 'Y_hat'), 'how often does Y occur'),
            (BY_HAND.replace('2 / Q.size', '1 / Q.size'), 'a factor 2'),
            (BY_HAND.replace('2 / Q.size', '2'), 'the loss is a mean'),
            (BY_HAND.replace('Q.size', 'Y_hat.size'), 'may be in several'),
            (BY_HAND.replace('2 / Q.size', '-2 / Q.size'), 'points to the match'),
            (BY_HAND.replace('+=', '=').replace('+= 1', '= 1'), 'only the last'),
        ],
    ),
    'read_maps': (
        '',
        [
            ("return 'A', 'B', 'A', 'C', 19, 2, 5", 'go on by one from place to place everywhere'),
            ("return 'D', 'A', 'A', 'C', 19, 2, 5", 'jump at its border'),
            ("return 'D', 'B', 'C', 'C', 19, 2, 5", 'again and again'),
            ("return 'D', 'B', 'A', 'D', 19, 2, 5", 'next to'),
            ("return 'D', 'B', 'A', 'C', 8, 2, 5", 'a whole row of its patches'),
            ("return 'D', 'B', 'A', 'C', 19, 3, 5", 'come before this number'),
            ("return 'D', 'B', 'A', 'C', 19, 2, 6", 'what is left of the number'),
            ("return 'D'", 'it must return 7 things, four letters and three numbers'),
            ('pass', 'is the return missing'),
        ],
    ),
    'which_run': (
        '',
        [
            (f'return {answer}', hint)
            for answer, hint in (
                ("'A', 'B'", 'it must return 6 things, six letters'),
                ('None', 'is the return missing'),
                (WRONG_RUNS[0], 'keeps the photograph'),
                (WRONG_RUNS[1], 'does not mind the photograph'),
                (WRONG_RUNS[2], 'one column tells them apart'),
                (WRONG_RUNS[3], 'one column tells them apart'),
                (WRONG_RUNS[4], 'it changes two columns'),
                (WRONG_RUNS[5], 'lie between the others'),
            )
        ],
    ),
    'repaint': (
        'Y_hat, Y, alpha',
        [
            (REPAINTED.replace('range(15)', 'range(1)'), 'matched once'),
            (
                REPAINTED.replace(
                    '(total / times + alpha * start) / (1 + alpha)', 'total / times'
                ),
                'nothing holds this',
            ),
            ('return Y_hat', 'unchanged'),
            ('alpha = 1 / alpha' + REPAINTED, 'not the first'),
            ('return Y', 'it must return an array of shape'),
            ("return 'X'", 'an array of numbers'),
            ('return Y_hat / 0', 'not finite'),
            ('return Y_hat / 2', 'the energy of the result'),
        ],
    ),
    'fit_and_slope': (
        'colours, v, epsilon',
        [
            (FIT.replace('2 * rest', 'rest'), 'its slope is twice as large'),
            (FIT.replace('2 * rest', '-2 * rest'), 'the other sign'),
            (
                FIT.replace(
                    'return', 'y = numpy.linalg.lstsq(A, v, rcond=None)[0]\nreturn'
                ).replace('2 * rest', '2 * (v - A @ y)'),
                'the slope is that of the fit without epsilon',
            ),
            (FIT.replace(' + x @ P @ x', ''), 'the price of a'),
            (FIT.replace('epsilon * ', '0 * '), 'this is the fit without epsilon'),
            (FIT.replace('1.0, 0.0]', '1.0, 1.0]'), 'draws b to 0'),
            (
                FIT.replace('numpy.ones(len(v))', '1e-9 * colours[:, 0]').replace(
                    '+ P', '+ P + 1e-12 * numpy.eye(4)'
                ),
                'b is missing',
            ),
            (
                FIT.replace('return', 'n = len(v)\nreturn')
                .replace('rest @ rest + x @ P @ x', '(rest @ rest + x @ P @ x) / n')
                .replace('2 * rest', '2 * rest / n'),
                'these are means',
            ),
            (FIT.replace('epsilon * ', 'epsilon ** 2 * '), 'the square of epsilon'),
            (FIT.replace('return ', 'E, slope = ') + 'return slope, E', 'turned round'),
            ('return 0', 'must return 2 things'),
        ],
    ),
    'whose_rows': (
        '',
        [
            ('return 1', '6 letters in one string'),
            ("return 'CFAEDD'", 'each of the letters'),
            ("return 'ABCDEF'", 'begin with the three pixels at an edge'),
            ("return 'CFEADB'", 'would what resembles the pixel lie'),
            ("return 'CFBEDA'", 'two panels are left'),
        ],
    ),
    'label_masks': (
        'img, colours, least',
        [
            (WRAPPED.replace('if (first == k).mean() < least', UNSEEN), 'this is the broken'),
            (WRAPPED, 'the distances are wrong'),
            (WRAPPED[: WRAPPED.index('for k in')] + LOST, 'two faults are left'),
            (LABELS[: LABELS.index('for k in')] + LOST, 'in no mask at all'),
            (LABELS.replace('if (first == k).mean() < least', UNSEEN), 'has a mask still'),
            (LABELS.replace(' ** 2', ''), 'cancel each other'),
            (LABELS.replace('return masks', 'return masks.argmax(axis=0)'), 'numbers of colours'),
            (LABELS.replace('return masks', 'return masks.transpose(1, 2, 0)'), 'come first'),
        ],
    ),
    'cycle_slopes': (
        'there, back, X',
        [
            (CYCLE_SLOPES.replace('numpy.sign', '2 * '), 'of the mean square'),
            (CYCLE_SLOPES.replace(' / X.size', ''), 'slope of a sum'),
            (CYCLE_SLOPES.replace('back.T @ e @ X.T', '0 * there'), 'is not 0'),
            (CYCLE_SLOPES.replace('back @ Y - X', 'X - back @ Y'), 'turned round'),
            (CYCLE_SLOPES.replace('return ', 'G, F = ') + 'return F, G', 'in the other order'),
            (
                CYCLE_SLOPES.replace('return ', 'G, F = ') + 'return G.T, F.T',
                'these are transposed',
            ),
            (CYCLE_SLOPES.replace('back.T @', 'back @ 1 @'), 'your code raised'),
        ],
    ),
    'shown_from_pool': (
        'size, draws',
        [
            (
                POOL.replace('shown.append(k)\n    elif', FILLED + '\n    elif')
                .replace('        pool[place] = k\n', '')
                .replace('    else:\n', '    else:\n        pool[place] = k\n'),
                'this is the broken function still',
            ),
            (POOL.replace('shown.append(k)\n    elif', FILLED + '\n    elif'), 'is filled'),
            (
                POOL.replace('        pool[place] = k\n', '').replace(
                    '    else:\n', '    else:\n        pool[place] = k\n'
                ),
                'when an old one is shown',
            ),
            (POOL.replace('    else:\n', '    else:\n        pool[place] = k\n'), 'as well'),
            (POOL.replace('        pool[place] = k\n', ''), 'gives up the place'),
            (
                POOL.replace(
                    'shown.append(pool[place])\n        pool[place] = k',
                    'pool[place] = k\n        shown.append(pool[place])',
                ),
                'there is no memory',
            ),
            (POOL.replace('chance < 0.5', 'chance >= 0.5'), 'the other way'),
        ],
    ),
    'six_painters': (
        '',
        [
            ('return 6', '6 letters in one string'),
            ("return 'ABCDEE'", 'each of the letters'),
            *SIX_PAINTERS,
        ],
    ),
    'line_duel': (
        'start, A, B, steps, lr',
        [
            (BY_RULES.replace('lr)', 'lr, half=1)'), 'is halved'),
            (BY_RULES.replace('lr)', 'lr, fresh=True)'), 'as they are now'),
            (BY_RULES.replace('lr)', 'lr, order=False)'), 'the critics move first'),
            (BY_RULES.replace('lr)', 'lr, one_way=True)'), 'one half of the cycle'),
            (BY_RULES.replace('lr)', 'lr, cycle=0)'), 'the cycle loss is missing'),
            (BY_RULES.replace('lr)', 'lr, identity=0)'), 'the identity loss is missing'),
            (BY_RULES.replace('lr)', 'lr, cycle=1, identity=1)'), 'the weights are missing'),
            (BY_RULES.replace('lr)', 'lr, swapped=True)'), 'the wrong critic'),
            (BY_RULES.replace('lr)', 'lr, kept=False)'), 'only the second painter'),
            (BY_RULES.replace('lr)', 'lr, mean=numpy.sum)'), 'these are sums'),
            (BY_RULES.replace('steps,', '1,'), 'this is one step'),
        ],
    ),
    'frozen_decoder': (
        'C, X',
        [
            (
                FROZEN.replace('numpy.linalg.solve(C.T @ C, C.T @ X)', 'C.T @ X'),
                'only if the columns of C',
            ),
            (FROZEN.replace('(E * E).sum()', '((C @ Z) ** 2).sum()'), 'do say'),
            (
                FROZEN.replace('(X * X).sum()', '(X * X).sum()) ** 0.5').replace(
                    'return (E', 'return ((E'
                ),
                'without a root',
            ),
            (FROZEN.replace(' / (X * X).sum()', ''), 'divide by the squares'),
            (FROZEN.replace('-2 * E', '-2 / (X * X).sum() * E'), 'that of E'),
            (FROZEN.replace('-2 * E', '-E'), 'has a 2'),
            (FROZEN.replace('-2', '2'), 'the other sign'),
            (FROZEN.replace('-2 * E @ Z.T', '-2 * Z @ E.T'), 'the shape of C'),
            (FROZEN.replace('return ', 'E, G = ') + 'return G, E', 'the other way round'),
        ],
    ),
    'between_codes': (
        'z, w, t',
        [
            ('return (1 - t) * z + t * w', 'the straight line'),
            (ARC.replace('* size', ''), 'evenly'),
            (
                ARC[: ARC.index('angle')]
                + 'm = (1 - t) * u + t * v\n'
                + 'return m / numpy.linalg.norm(m) * ((1 - t) * a + t * b)',
                'equal angles',
            ),
            (
                ARC.replace('* u +', '* z +')
                .replace('* v)', '* w)')
                .replace('numpy.sin(angle) * size', 'numpy.sin(angle)')
                .replace('return u * size', 'return (1 - t) * z + t * w'),
                'belong to the directions',
            ),
            ('t = 1 - t' + ARC, 'from w to z'),
            (ARC.replace('return u * size', 'return u * numpy.nan'), 'it returned NaN'),
        ],
    ),
    'five_mixers': (
        '',
        [
            ("return list('ABCDE')", '5 letters in one string'),
            ("return 'ABC'", 'each of the letters'),
            *FIVE_MIXERS,
        ],
    ),
    'mixture': (
        'content, style, k',
        [
            ('return 1', 'it must return codes and pictures'),
            ('return content, style', 'there, not'),
            (WITHOUT_NETS.replace('return codes', 'return codes / 0'), 'not finite'),
            (WITHOUT_NETS.replace('n, d =', 'content -= 0.1\nn, d ='), 'it spoils'),
            (WITHOUT_NETS.replace('U[:, :k] * n ** 0.5', 'content[:, :k]'), 'times as much'),
            (WITHOUT_NETS.replace('return codes', 'return codes + 1'), 'mean is not 0'),
            (WITHOUT_NETS.replace('return codes', 'return codes * s[:k]'), 'no draws of'),
            (
                WITHOUT_NETS.replace('return codes, pictures', 'return codes, 0.8 * pictures'),
                'sort',
            ),
            (
                WITHOUT_NETS.replace('order = said.ravel()', 'order = -said.ravel()'),
                'the content is lost',
            ),
        ],
    ),
    'six_runs': (
        '',
        [
            ("return ['D', 'A', 'F', 'B', 'E', 'C']", '6 letters in one string'),
            ("return 'DAFBE'", 'each of the letters'),
            ("return 'BFADEC'", 'begin with the four runs'),
            ("return 'DAFBCE'", 'two runs are left'),
        ],
    ),
    'colourised': (
        'photo, strokes, known, weight',
        [
            ('return strokes', 'these are the strokes themselves'),
            (BY_STROKES.replace('weight)', '1)'), 'multiply them by `weight`'),
            (BY_STROKES.replace('known', 'known * 0 + 1'), 'all pixels count as strokes'),
            (BY_STROKES.replace('(photo)', '(photo, 1e-8)'), 'times the smallest'),
            (BY_STROKES.replace('L = ', 'strokes += 1\nL = '), 'it spoils'),
            ('return photo[0]', 'an array of shape'),
            ('return photo / 0', 'not finite'),
            (
                'from pymatting import cf_laplacian\nreturn cf_laplacian(photo) @ strokes',
                'write the Laplacian yourself',
            ),
            (
                'from styletransfer.photo import matting_laplacian\nreturn photo',
                'write the Laplacian yourself',
            ),
        ],
    ),
    'in_line': (
        'img, flow, beyond',
        [
            (
                AXES.replace('(x.astype', '(x.round().astype').replace('= beyond', '+= 0'),
                'this is the broken function',
            ),
            (AXES.replace('(x.astype', '(x.round().astype'), 'two of its faults'),
            (AXES.replace('= beyond', '+= 0'), 'two of its faults'),
            (
                IN_LINE.replace('(x.astype', '(x.round().astype').replace('= beyond', '+= 0'),
                'two of its faults',
            ),
            (AXES, 'flow[0] is the step down'),
            (IN_LINE.replace('(x.astype', '(x.round().astype'), 'found by rounding down'),
            (IN_LINE.replace('= beyond', '+= 0'), 'repeats the border'),
            (IN_LINE.replace('+ flow', '- flow'), 'the sign is wrong'),
            (
                IN_LINE.replace('y.clip(0, h - 1)', 'y.clip(0, h - 1).round()').replace(
                    'x.clip(0, w - 1)', 'x.clip(0, w - 1).round()'
                ),
                'the nearest pixel',
            ),
            (IN_LINE.replace('= beyond', '= 0'), 'is black here'),
        ],
    ),
    'two_slopes': (
        'x, y, c, goes',
        [
            (
                SLOPES.replace(
                    'numpy.add.at(there, (goes[0], goes[1]), -slope)',
                    'there[goes[0], goes[1]] -= slope',
                ),
                'only one of them counts',
            ),
            (SLOPES.replace('slope, there', 'slope, -slope'), 'at goes, not at p'),
            (
                SLOPES.replace('slope, there', 'slope, -slope[goes[0], goes[1]]'),
                'it must be brought there',
            ),
            (SLOPES.replace('-slope)', 'slope)'), 'y is subtracted'),
            (SLOPES.replace('2 * c', 'c'), 'twice as large'),
            (SLOPES.replace('2 * c', '-2 * c'), 'both slopes have the other sign'),
            (SLOPES.replace(' / x.size', ''), 'the slopes of a sum'),
            (SLOPES.replace('2 * c', '2 * c * c'), 'c is squared'),
            (SLOPES.replace('2 * c', '2'), 'c is missing'),
            (SLOPES.replace('slope, there', 'there, slope'), 'turned round'),
            ('return x', 'it must return 2 things'),
        ],
    ),
    'whose_slices': (
        '',
        [
            ('return 1', '6 letters in one string'),
            ("return 'AABCDE'", 'each of the letters'),
            *((f'return {answer!r}', hint) for answer, hint in SLICES),
        ],
    ),
    'six_films': (
        '',
        [
            ("return ['A', 'B']", '6 letters in one string'),
            ("return 'ABCDEG'", 'each of the letters'),
            *((f'return {answer!r}', hint) for answer, hint in FILMS),
        ],
    ),
    'steadied': (
        'frames, flows, backs, weight',
        [
            ('return frames', 'these are the frames themselves'),
            (
                STEADIED.replace('_steadied', '_onward').replace(', ours.trusted', ''),
                'the one before can give way',
            ),
            (STEADIED.replace('ours.trusted', 'ours._everywhere'), 'counts everywhere here'),
            (STEADIED.replace('ours.trusted', 'ours._inside_only'), 'wherever the flow stays'),
            (STEADIED.replace('weight, ours', '1, ours'), 'with a weight of 1'),
            (STEADIED.replace('flows, backs', 'backs, flows'), 'taken for those back'),
            (
                STEADIED.replace('flows, backs', 'flows[:, ::-1], backs[:, ::-1]'),
                'right and down are exchanged',
            ),
            (STEADIED.replace('return', 'frames += 1\nreturn'), 'it spoils'),
            ('return frames[0]', 'an array of shape'),
            ('return frames / 0', 'do your steps grow'),
            ('return frames / 2', 'times the smallest'),
        ],
    ),
    'softened_slopes': (
        'real, fake, label',
        [
            (SOFT.replace('numpy.logaddexp(0, real)', 'numpy.log(1 + numpy.exp(real))'), 'exp of'),
            ('label = 1.0\n' + SOFT, 'hard labels'),
            (
                SOFT.replace('p, p_hat', 'l = l - (1 - label) * fake.mean()\np, p_hat').replace(
                    'p_hat /', '(p_hat - 1 + label) /'
                ),
                'it stays 0',
            ),
            (SOFT.replace('l / 2', 'l').replace('2 * ', '1 * '), 'everything is twice'),
            (
                SOFT.replace('.mean()', '.sum()')
                .replace('(2 * real.size)', '2')
                .replace('(2 * fake.size)', '2'),
                'these are sums',
            ),
            (SOFT.replace('(p - label)', 'p'), 'the part with the label'),
            (
                SOFT.replace('(2 * real.size)', '2').replace('(2 * fake.size)', '2'),
                'one of many in a mean',
            ),
            (SOFT.replace('(2 *', '(-2 *'), 'both slopes have the other sign'),
            (SOFT.replace('return', 'l, a, b =') + 'return l, b, a', 'turned round'),
            ('return 0', 'must return 3 things'),
        ],
    ),
    'seen_by': (
        'rows, side, i',
        [
            (SEEN.replace('max(a, 0), min(b, side - 1)', 'a, b'), 'do not exist'),
            (SEEN.replace(' - p', ''), 'zeros before the border'),
            (SEEN.replace('reversed(rows)', 'rows'), 'begin at the scores'),
            (SEEN.replace('side - 1)', 'side - 1) + 1'), 'one too far'),
            (
                """
r, d = 1, 1
for k, s, p in rows:
    r, d = r + (k - 1) * d, d * s
return max(i * d - r // 2, 0), min(i * d + r // 2, side - 1)
""",
                'where the field begins',
            ),
            ('return 0', 'must return 2 things'),
        ],
    ),
    'five_weights': (
        '',
        [
            ('return 1', '5 letters in one string'),
            ("return 'DBEAA'", 'each of the letters'),
            ("return 'ABCDE'", 'begin with the two runs'),
            ("return 'DAEBC'", 'three runs are left'),
        ],
    ),
    'five_duels': (
        '',
        [
            ('return 1', 'must return two strings'),
            ("return 'EACDB', 1", '5 letters in one string'),
            ("return 'EACD', '13425'", 'each of the letters'),
            ("return 'EACDB', '1342'", 'each of the letters 12345'),
            ("return 'ABCDE', '12345'", 'three duels that paint alike'),
            ("return 'EDCAB', '13425'", 'two duels are left'),
            ("return 'EACDB', '12345'", 'the faults are right'),
        ],
    ),
    'both_move': (
        'X, Y, painter, critic, lr, weight',
        [
            (
                STEP.replace(
                    '_, bend, _, p = look(Y_hat, U, v, c)',
                    '_, bend, _, p = look(Y_hat, U_old, v_old, c_old)',
                )
                .replace('U.T @ (v[', 'U_old.T @ (v_old[')
                .replace('dU, dv, dc = 0', 'U_old, v_old, c_old = U, v, c\ndU, dv, dc = 0'),
                'as it was before',
            ),
            (STEP.replace('(2 * n)', 'n'), 'twice as far'),
            (STEP.replace('((Y, 1), (Y_hat, 0))', '((Y, 0), (Y_hat, 1))'), 'wrong way round'),
            (STEP.replace('(p - 1)', '(-p)'), 'log(1 - p) small'),
            (STEP.replace('Y.size', 'n'), 'a sum over colours'),
            (STEP.replace('dY = dY * (1 - Y_hat**2)\n', ''), 'tanh is missing'),
            (
                STEP.replace('ds * bend', 'ds * (Q0 > 0)')
                .replace('    dU = dU', '    Q0 = bend - 0.5\n    dU = dU')
                .replace('/ n * bend', '/ n * (bend > 0.5)'),
                'below 0 the hidden layer',
            ),
            (STEP.replace('[3:]', '[:3]'), 'the second half of the pair'),
            (STEP[: STEP.rindex('(U, v, c)')] + 'critic', 'comes back as it was'),
            ('lr = -lr\n' + STEP, 'uphill'),
            ('return 0', 'must return 2 things'),
        ],
    ),
}

WRONG.update(wrong_new_kinds.WRONG)
