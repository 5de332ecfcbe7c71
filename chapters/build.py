"""Build the chapters' notebooks from their Markdown sources, or check that both agree.

    python chapters/build.py              run every chapter, write its notebooks with outputs
    python chapters/build.py 01           chapter 1 only
    python chapters/build.py --text       run nothing: renew the prose where code is unchanged
    python chapters/build.py --check      run nothing: do sources and notebooks agree?
    python chapters/build.py --quick      run every chapter on small pictures, write nothing

A chapter is a Markdown notebook of jupytext, ``NN-name.md``, with a Chinese twin
``NN-name.zh.md`` of the same code cells. It is run once, in English: the twin is given the same
outputs. For the quick mode a source has in its header, under ``quick``, a line or two of Python
that are run after the cell tagged ``parameters`` and replace its numbers by small ones. The tests
run every chapter in this mode, one after the other in one kernel.

What a chapter may cost there: 15 seconds of one core, its first import of MXNet and d2l (3 of
them) not counted. Chapters 1 to 4 take 9, 2, 12 and 8. Nearly all of it is the number of paintings
times what each takes to get ready, so a quick mode has fewer and smaller stages, not only fewer
epochs; a figure costs 0.1 to 0.3 seconds.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple

import jupytext
import nbformat
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode

from styletransfer.exercises.student import environment

FOLDER = Path(__file__).resolve().parent
LARGEST = 2_000_000  # bytes of a notebook: more, and code-hosting pages do not show it
SECONDS_PER_CELL = 3600

# each stage of a painting has Python look for garbage, a third of a second among all that d2l
# imports; in the quick mode, whose stages take less, what was imported is not looked at again
FEWER_OBJECTS = 'import gc; gc.collect(); gc.freeze()\n'

# what must not stand in an output: it would differ from machine to machine, or from run to run
PATHS_AND_TIMES = re.compile(
    r'(?:/(?:home|root|tmp|work|usr|opt|Users)/\S+|[A-Z]:\\\w\S*'
    r'|\b\d{4}-\d\d-\d\d\b|\b\d\d?:\d\d:\d\d\b|\b0x[0-9a-f]{6,}\b)'
)
MIME_TYPES = {'text/plain', 'text/html', 'text/markdown', 'text/latex', 'image/jpeg', 'image/gif'}


def chapters(numbers: List[str]) -> List[Path]:
    """Return the English sources, all or those whose names begin so, in order."""
    sources = sorted(FOLDER.glob('[0-9][0-9]-*.md'))
    sources = [source for source in sources if not source.name.endswith('.zh.md')]
    unknown = [n for n in numbers if not any(s.name.startswith(n) for s in sources)]
    if unknown:
        raise SystemExit(f'no chapter {", ".join(unknown)} in {FOLDER.name}/')
    return [s for s in sources if not numbers or s.name.startswith(tuple(numbers))]


def twin(source: Path) -> Path:
    """Return where the Chinese edition of an English source lies."""
    return source.with_suffix('.zh.md')


def read_source(path: Path) -> NotebookNode:
    """Return a Markdown source as a notebook without outputs, its cells numbered."""
    notebook = jupytext.read(path)
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = f'cell-{number}'
    quick = notebook.metadata.get('quick', '')
    notebook.metadata = NotebookNode(
        kernelspec={'display_name': 'Python 3', 'language': 'python', 'name': 'python3'},
        language_info={'name': 'python'},
        quick=quick,
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def code_of(notebook: NotebookNode) -> List[Tuple[str, Tuple[str, ...]]]:
    """Return source and tags of each code cell."""
    return [
        (cell.source, tuple(cell.metadata.get('tags', ())))
        for cell in notebook.cells
        if cell.cell_type == 'code'
    ]


class ThisPython(KernelSpecManager):
    """Starts the Python that runs this, whatever kernels are installed."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return how ipykernel is started."""
        argv = [sys.executable, '-m', 'ipykernel_launcher', '-f', '{connection_file}']
        argv.append('--log-level=ERROR')  # of the kernel itself: its notices are not ours
        return KernelSpec(argv=argv, display_name='Python 3', language='python')


@contextmanager
def kernel() -> Iterator[NotebookClient]:
    """Give a fresh kernel, for one notebook or several: what these import is imported once."""
    client = NotebookClient(
        nbformat.v4.new_notebook(),
        km=AsyncKernelManager(kernel_name='python3', kernel_spec_manager=ThisPython()),
        timeout=SECONDS_PER_CELL,
        record_timing=False,
        coalesce_streams=True,
        resources={'metadata': {'path': str(FOLDER)}},
    )
    with client.setup_kernel(cleanup_kc=True, env=environment()):
        yield client


def execute(notebook: NotebookNode, client: NotebookClient) -> NotebookNode:
    """Run a notebook from top to bottom, in place, and return it."""
    client.nb = notebook
    client.execute(cleanup_kc=False)
    notebook.metadata['language_info'] = {'name': 'python'}  # not of which version
    return notebook


def quick_version(notebook: NotebookNode) -> NotebookNode:
    """Put the header's quick lines into a cell behind the one tagged `parameters`.

    A cell in front forgets the names of the chapter that the kernel ran before.
    """
    for number, cell in enumerate(notebook.cells):
        if 'parameters' in cell.metadata.get('tags', ()):
            forget = nbformat.v4.new_code_cell('%reset -f', id='forget')
            override = nbformat.v4.new_code_cell(
                FEWER_OBJECTS + notebook.metadata.quick, id='quick'
            )
            notebook.cells.insert(number + 1, override)
            notebook.cells.insert(0, forget)
            return notebook
    raise ValueError('no cell has the tag parameters')


def with_outputs(notebook: NotebookNode, executed: NotebookNode) -> NotebookNode:
    """Give the code cells of a twin the outputs of the notebook that was run."""
    ran = iter(cell for cell in executed.cells if cell.cell_type == 'code')
    for cell in notebook.cells:
        if cell.cell_type == 'code':
            same = next(ran)
            cell.outputs, cell.execution_count = same.outputs, same.execution_count
    return notebook


def write(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook: the same cells give the same bytes."""
    notebook.metadata.pop('quick', None)
    nbformat.validate(notebook)
    text = nbformat.writes(notebook)
    path.write_text(text + '\n', encoding='utf-8')


def built(source: Path) -> Path:
    """Return where the notebook of a source lies."""
    return source.with_suffix('.ipynb')


def outputs(notebook: NotebookNode) -> Iterator[Tuple[str, str, str]]:
    """Yield id of the cell, kind and text of every output."""
    for cell in notebook.cells:
        for output in cell.get('outputs', ()):
            if output.output_type == 'stream':
                yield cell.id, output.name, output.text
            elif output.output_type == 'error':
                yield cell.id, 'error', output.ename
            else:
                for mime, text in output.data.items():
                    yield cell.id, mime, text


def output_problems(notebook: NotebookNode) -> Iterator[str]:
    """Yield what is wrong with a notebook's outputs."""
    for cell, kind, text in outputs(notebook):
        if kind in ('stderr', 'error'):
            yield f'{cell} has {kind} in its output: {text[:80]!r}'
        elif kind != 'stdout' and kind not in MIME_TYPES:
            yield f'{cell} has {kind} in its output: pictures are JPEG, moving ones GIF'
        elif not kind.startswith('image/'):
            for found in PATHS_AND_TIMES.findall(text):
                yield f'{cell} shows {found!r}, which differs from machine to machine'


def notebook_problems(source: Path) -> Iterator[str]:
    """Yield where a source and the notebook built of it disagree, and what is wrong in there."""
    path = built(source)
    if not path.exists():
        yield 'was never built'
        return
    if path.stat().st_size > LARGEST:
        yield f'has {path.stat().st_size} bytes, more than {LARGEST}'
    wanted, found = read_source(source), nbformat.read(path, as_version=4)
    kinds = [[(cell.cell_type, cell.source) for cell in nb.cells] for nb in (wanted, found)]
    if kinds[0] != kinds[1] or code_of(wanted) != code_of(found):
        yield 'differs from its source: build it again'
    counts = [cell.execution_count for cell in found.cells if cell.cell_type == 'code']
    if counts != list(range(1, len(counts) + 1)):
        yield 'was not run from top to bottom'
    yield from output_problems(found)


def twin_problems(source: Path) -> Iterator[str]:
    """Yield where the Chinese edition's code is not the English one's."""
    if not twin(source).exists():
        yield 'is missing'
        return
    pair = [code_of(read_source(path)) for path in (source, twin(source))]
    if len(pair[0]) != len(pair[1]):
        yield f'has {len(pair[1])} code cells, not {len(pair[0])}'
    for number, (english, chinese) in enumerate(zip(*pair), start=1):
        if english != chinese:
            yield f'code cell {number} is not that of {source.name}'


def problems(source: Path) -> Dict[str, List[str]]:
    """Return for each file of a chapter what is wrong with it; nothing if all is well."""
    found = {twin(source).name: list(twin_problems(source))}
    for edition in (source, twin(source)):
        if edition.exists():
            found[built(edition).name] = list(notebook_problems(edition))
    return {name: what for name, what in found.items() if what}


def executed_before(source: Path) -> NotebookNode:
    """Return a source with the outputs of the notebook that was built of it earlier."""
    notebook, before = read_source(source), nbformat.read(built(source), as_version=4)
    if code_of(notebook) != code_of(before):
        raise SystemExit(f'{source.name}: its code has changed, so it must be run')
    return with_outputs(notebook, before)


def run(source: Path) -> NotebookNode:
    """Return a source with the outputs of a run in a kernel of its own."""
    with kernel() as client:
        return execute(read_source(source), client)


def build(source: Path, text_only: bool = False) -> None:
    """Run a chapter, unless only its prose is new, and write its notebook and the Chinese one."""
    for problem in twin_problems(source):
        raise SystemExit(f'{twin(source).name}: {problem}')
    executed = executed_before(source) if text_only else run(source)
    write(executed, built(source))
    write(with_outputs(read_source(twin(source)), executed), built(twin(source)))


def tried(source: Path, client: NotebookClient) -> List[str]:
    """Run a chapter in its quick mode and return what is wrong with its outputs."""
    return list(output_problems(execute(quick_version(read_source(source)), client)))


def main(argv: Optional[List[str]] = None) -> int:
    """Build, check or try the chapters; return 1 if something is wrong with one."""
    parser = argparse.ArgumentParser(description='Build or check the notebooks of the chapters.')
    parser.add_argument('number', nargs='*', help='chapters, such as 01 (default: all)')
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument('--text', action='store_true', help='renew the prose only, run nothing')
    mode.add_argument('--check', action='store_true', help='compare only, run nothing')
    mode.add_argument('--quick', action='store_true', help='run on small pictures, write nothing')
    args = parser.parse_args(argv)
    status = 0
    with kernel() if args.quick else nullcontext() as client:
        for source in chapters(args.number):
            start = time.perf_counter()
            try:
                if args.quick:
                    found = {source.name: tried(source, client)}
                else:
                    if not args.check:
                        build(source, args.text)
                    found = problems(source)
            except (CellExecutionError, DeadKernelError) as error:
                found = {source.name: [str(error)]}
            lines = [f'{name}: {problem}' for name, what in found.items() for problem in what]
            print('\n'.join(lines) or f'{source.stem}: {time.perf_counter() - start:.0f} seconds')
            status = 1 if lines else status
    return status


if __name__ == '__main__':
    sys.exit(main())
