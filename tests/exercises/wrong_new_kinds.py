"""Wrong answers to the tasks that ask for a whole program, a derivation, a look at a figure."""

from styletransfer.exercises.tasks import figures

GRADIENT = """
n, c, h, w = X.shape
rows = X.reshape(n, c, h * w)
D = np.matmul(rows, rows.transpose(0, 2, 1)) / (c * h * w) - A
return (4 / (D.size * c * h * w) * np.matmul(D, rows)).reshape(X.shape)
"""
PAPERS = """
N, M = Y.shape[1], Y.shape[2] * Y.shape[3]
F = npx.relu(Y).reshape(N, M)
D = np.dot(F, F.T) - A
return (np.dot(D, F) / (N * M) ** 2).reshape(Y.shape) * (Y > 0)
"""
LOOP = """
def read(imgs):
    return ((imgs - rgb_mean) / rgb_std).transpose(0, 3, 1, 2)
def grams(F):
    rows = F.reshape(F.shape[0], F.shape[1], -1)
    return np.matmul(rows, rows.transpose(0, 2, 1)) / rows[0].size
def says(X):
    options = {'kernel': (3, 3), 'pad': (1, 1), 'num_filter': len(W), 'no_bias': True}
    return npx.relu(npx.convolution(X, W, **options))
W = kernel.copy()
X = read(photos)
content, targets = says(X), grams(says(read(paintings)))
for epoch in range(num_epochs):
    for P in (X, W):
        P.attach_grad()
    with autograd.record():
        F = says(X)
        l = np.square(F - content).mean() + 20 * np.square(grams(F) - targets).mean()
    l.backward()
    for P in (X,):
        P[:] = P - lr * P.grad / np.abs(P.grad).max()
return (X.transpose(0, 2, 3, 1) * rgb_std + rgb_mean).clip(0, 1)
"""
FAULTS = {
    'the broken loop': [],
    'how many Gram matrices': [
        (
            'F.reshape(F.shape[0], F.shape[1], -1)',
            'F.transpose(1, 0, 2, 3).reshape(F.shape[1], -1)',
        ),
        (
            'np.matmul(rows, rows.transpose(0, 2, 1)) / rows[0].size',
            'np.dot(rows, rows.T) / rows.size',
        ),
    ],
    'which range': [('P.grad).max()\n', 'P.grad).max()\n    X[:] = X.clip(0, 1)\n')],
    'what has a gradient': [('(X,)', '(X, W)')],
    'same order of colours': [('read(photos)', 'read(photos[..., ::-1])')],
    'where are rows': [('(0, 3, 1, 2)', '(0, 3, 2, 1)')],
}
FAULTS['the broken loop'] = [change for changes in FAULTS.values() for change in changes]
TRANSFER = """
def read(img):
    return ((img / 255 - rgb_mean) / rgb_std).transpose(2, 0, 1)[None]
def look(X):
    found = []
    for W in kernels:
        options = {'kernel': (3, 3), 'pad': (1, 1), 'num_filter': len(W), 'no_bias': True}
        X = npx.relu(npx.convolution(X, W, **options))
        found.append(X)
    return found
def gram(Y):
    rows = Y.reshape(Y.shape[1], -1)
    return np.dot(rows, rows.T) / rows.size
wanted, grams = look(read(content))[-1], [gram(Y) for Y in look(read(style))]
X = read(content)
for epoch in range(epochs):
    X.attach_grad()
    with autograd.record():
        found = look(X)
        l = weights[1] * sum(np.square(gram(Y) - G).mean() for Y, G in zip(found, grams))
    l.backward()
    X = X - 0.1 * np.sign(X.grad)
return (X[0].transpose(1, 2, 0) * rgb_std + rgb_mean) * 255
"""
ENTRY = """
return {'title': 'Lake', 'photo': 'mine', 'style': 'oil_strokes',
        'settings': ['style weight 1', 'style weight 2', 'style weight 3'],
        'words': 40 * 'more ink '}
"""


def changed(source, changes):
    """Return a source in which each of the pieces, which must be there, is another."""
    for old, new in changes:
        assert old in source, old
        source = source.replace(old, new)
    return source


def letters(right, hints):
    """Return wrong answers to a task of letters, each with the hint at the first wrong step.

    `hints` has pairs: places in the list that are exchanged, from 1, and a piece of the hint.
    """
    answers = [
        ('return 3', f'{len(right)} letters in one string'),
        (f"return '{right[0] * len(right)}'", 'belongs there once'),
        (f"return '{right[1:]}'", 'belongs there once'),
    ]
    for (one, other), hint in hints:
        wrong = list(right)
        wrong[one - 1], wrong[other - 1] = wrong[other - 1], wrong[one - 1]
        answers.append((f"return '{''.join(wrong)}'", hint))
    return '', answers


WRONG = {
    'gram_gradient': (
        'X, A',
        [
            (GRADIENT.replace('4 /', '2 /'), 'half of it'),
            (GRADIENT.replace('4 /', '1 /'), 'a quarter of it'),
            (GRADIENT.replace('(D.size * c * h * w)', 'D.size'), 'so has its derivative'),
            (GRADIENT.replace('D.size * c', 'c'), 'how many entries all the Gram'),
            (GRADIENT.replace('D.size', 'c * c'), 'n * c * c entries in all'),
            (GRADIENT.replace('D.size', 'X.size'), 'not over those of X'),
            (GRADIENT.replace('return (4', 'return (-4'), 'this points downhill'),
            (GRADIENT.replace('matmul(D', 'matmul(abs(D)'), 'keeps its sign'),
            (GRADIENT.replace('matmul(D', 'matmul(D * D'), 'the square is gone'),
            (GRADIENT.replace(' - A', ''), 'the target is missing'),
        ],
    ),
    'same_weights': (
        'weight, c, h, w',
        [
            (
                'return weight * c**2, weight * (c * h * w)**2, weight * c**2',
                'the other way round: where',
            ),
            ('return weight / c, weight / (c * h * w), weight / c**2', 'counts twice'),
            ('return weight / c**2, weight / (c * h * w)**2, weight / c', 'to be added up'),
            ('return weight / c**2, weight / (c * h * w)**2, weight', 'a sum is the mean'),
            ('return weight / c**2, weight / (h * w)**2, weight / c**2', 'divides by nothing'),
            (
                'return weight / (h * w)**2, weight / (c * h * w)**2, weight / c**2',
                'what it leaves out is c',
            ),
            (
                'return weight / c**2, weight / (c * h * w)**2, weight / (c * h * w)**2',
                'the third has our G',
            ),
            ('return weight / c**2', 'it must return 3 things'),
        ],
    ),
    'six_settings': letters(
        figures.six_settings(),
        [
            ((3, 4), 'lost their fine texture'),
            ((2, 1), 'do the shores go over'),
            ((5, 6), 'the layer sees 3 by 3'),
            ((6, 1), 'begins with noise'),
            ((3, 1), 'lost their fine texture'),
        ],
    ),
    'four_runs': letters(
        figures.four_runs(),
        [
            ((1, 2), 'the smallest first'),
            ((4, 3), 'the largest last'),
            ((2, 3), 'in the middle'),
        ],
    ),
    'which_fault': letters(
        figures.which_fault(),
        [
            ((4, 5), 'in the way in and out'),
            ((3, 1), 'too good for what'),
            ((2, 1), 'may not leave 0 to 1'),
        ],
    ),
    'mended_loop': (
        'photos, paintings, kernel, num_epochs, lr',
        [
            *((changed(LOOP, changes), hint) for hint, changes in FAULTS.items()),
            (LOOP.replace('.clip(0, 1)', ''), 'not clipped at the end'),
            (LOOP.replace('20 *', '2 *'), 'the shape is right, the numbers are not'),
            (LOOP.replace('X = read(photos)', 'X = photos'), 'your code raised'),
        ],
    ),
    'transfer': (
        'content, style, kernels, weights',
        [
            ('return content', 'the photograph still'),
            ('return content / 255', 'undo the division'),
            ('return content.transpose(2, 0, 1)', 'a picture of shape'),
            ("return 'done'", 'an array of numbers'),
            ('return content / 0', 'not finite'),
            (
                'epochs = 20'
                + TRANSFER.replace(
                    'np.sign(X.grad)\n', 'np.sign(X.grad)\n    X = X.clip(-1.8, 2.2)\n'
                ),
                'as if it had been clipped',
            ),
            ('return content - 300', 'of that of the photograph'),
            (
                'for W in kernels:\n    W[:] = 0\nreturn content * 3 - 200',
                'of that of the photograph',
            ),
        ],
    ),
    'my_picture': (
        '',
        [
            ('return 5', 'a dict with the keys'),
            (ENTRY.replace("'title': 'Lake', ", ''), 'a dict with the keys'),
            (ENTRY.replace("'Lake'", "' '"), "'title' is still empty"),
            (ENTRY.replace("'style weight 3'", ''), 'must be a list of three, not a list of 2'),
            (ENTRY.replace('weight 3', 'weight 2'), 'must differ'),
            (ENTRY.replace('40 *', '10 *'), 'the paragraph has 20 words'),
        ],
    ),
    'which_layer': letters(
        figures.which_layer(),
        [
            ((1, 2), 'forget next to nothing'),
            ((5, 4), 'least to be recognised'),
            ((3, 4), 'of the stones'),
        ],
    ),
    'which_texture': letters(
        figures.which_texture(),
        [
            ((1, 2), 'the smallest sets'),
            ((3, 4), 'the largest set has seen'),
        ],
    ),
    'paper_gradient': (
        'Y, A',
        [
            (PAPERS.replace(' * (Y > 0)', ''), 'nothing can be felt there'),
            (PAPERS.replace('np.dot(D, F)', 'np.dot(D, Y.reshape(N, M))'), 'F, and not Y'),
            (PAPERS.replace('(N * M) ** 2', '(4 * (N * M) ** 2)'), 'the 4 is cancelled'),
            (PAPERS.replace('(N * M) ** 2', '(2 * (N * M) ** 2)'), 'half of it'),
            (PAPERS.replace('np.dot(D, F)', '4 * np.dot(D, F)'), 'four times too much'),
            (PAPERS.replace(' ** 2', ''), 'squared, as in the loss'),
            (PAPERS.replace(' / (N * M) ** 2', ''), 'not divided by'),
            (PAPERS.replace('(np.dot(D, F)', '(-np.dot(D, F)'), 'this points downhill'),
            (PAPERS.replace(' - A', ''), 'the target is missing'),
        ],
    ),
    'which_walker': letters(
        figures.which_walker(),
        [
            ((6, 5), 'a single one'),
            ((1, 2), 'straight down the slope'),
            ((4, 5), '45 degrees'),
        ],
    ),
    'six_controls': letters(
        figures.six_controls(),
        [
            ((2, 3), 'the colours of the photograph'),
            ((6, 5), 'changes at a line'),
            ((5, 1), 'the colours of both'),
            ((1, 4), 'larger strokes'),
        ],
    ),
}
