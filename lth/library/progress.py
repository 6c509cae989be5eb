"""Progress of a call: a bar where somebody looks at a terminal, lines where they are asked for, else nothing."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

from lth.printable import escaped


@contextmanager
def progress(
    title: str, parts: int, verbose: bool | None
) -> Iterator[tuple[Callable[[str], None], Callable[[], None]]]:
    """Two functions: one takes a line of progress, the other is called when a part is done.

    Args:
        title: of the bar, and before each line.
        parts: how many parts there are.
        verbose: True writes lines to standard error, False nothing; None draws a bar if standard error is a terminal.
    """
    if verbose:
        yield lambda line: print(escaped(f"{title}  {line}"), file=sys.stderr, flush=True), lambda: None
        return
    with tqdm(total=parts, desc=title, disable=None if verbose is None else True, leave=False, file=sys.stderr) as bar:
        yield lambda line: bar.set_postfix_str(escaped(line), refresh=True), lambda: bar.update() and None
