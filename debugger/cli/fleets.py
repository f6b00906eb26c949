"""What commands that look at many recordings have in common: who does it, and how far they are."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Annotated

import typer

from debugger.cli.telling import tell
from debugger.fleet import Progress

JobsOption = Annotated[int, typer.Option("--jobs", "-j", min=0, help="Processes; 0: one a core.")]
EngineOption = Annotated[
    str | None,
    typer.Option(
        metavar="ENGINE",
        help="Who does it: pool (processes here), dask://HOST:PORT, ray://HOST:PORT, dask://local, ray://local.",
    ),
]


@contextlib.contextmanager
def progress_of(what: str, total: int) -> Iterator[Progress]:
    """A bar on stderr, if that is a terminal and there is more than one to wait for."""
    if total < 2 or not sys.stderr.isatty():  # noqa: PLR2004 - one of one is no progress
        yield Progress(lambda _done: None, tell)
        return
    from rich.console import Console  # noqa: PLC0415 - only where it is seen
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn())
    # What is told while it is there goes above it: rich takes over stderr.
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield Progress(lambda done: bar.update(task, completed=done), tell)
