"""How far a check is."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def progress_of(total: int) -> Iterator[Callable[[int], None]]:
    """A bar on stderr, if that is a terminal and there is more than one to wait for."""
    if total < 2 or not sys.stderr.isatty():  # noqa: PLR2004 - one of one is no progress
        yield lambda _done: None
        return
    from rich.console import Console  # noqa: PLC0415 - only where it is seen
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415

    columns = (TextColumn("checking"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda done: bar.update(task, completed=done)
