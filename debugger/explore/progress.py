"""How far an exploration is: a bar, where somebody sees it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from debugger.explore.campaign import OnProgress, Unit
from debugger.explore.verdicts import Progress


@contextlib.contextmanager
def progress_of(units: int) -> Iterator[OnProgress | None]:
    """A bar on stderr, if that is a terminal: the scenario, its phase, and its schedules of how many."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415 - only where it is seen
    from rich.markup import escape  # noqa: PLC0415
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[far]}"),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, far="")

        def on_progress(number: int, unit: Unit, progress: Progress | int) -> None:
            which = f"{number + 1}/{units} " if units > 1 else ""
            name = escape(f"{which}{unit.name}")
            if isinstance(progress, int):
                bar.update(task, description=f"{name} shrinking", total=None, far=f"{progress} runs")
                return
            of = f" of {progress.of:,}" if progress.of is not None else ""
            bar.update(
                task,
                description=f"{name} {progress.phase}",
                total=progress.of,
                completed=progress.schedules,
                far=f"{progress.schedules:,}{of} schedules",
            )

        yield on_progress
