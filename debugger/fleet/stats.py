"""A whole fleet of recordings, counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, Self

from msgspec import Struct

from debugger.fleet.driver import Progress, run_fleet
from debugger.fleet.engines import Named
from debugger.fleet.tasks import Done, Group, Job
from debugger.fleet.unseen import Unseen

if TYPE_CHECKING:
    from debugger.analysis.overview import Overview
    from debugger.fleet.totals import Total, Totals
    from debugger.sources.file import Progress as Loaded

Watched = Callable[["Iterator[Loaded]"], None]
"""Goes through the steps of a recording's loading, and says so to somebody."""


class Counted(Struct, frozen=True):
    """One recording. Without an overview it could not be read, or only the totals are wanted."""

    path: str
    overview: Overview | None = None
    notices: tuple[str, ...] = ()
    error: str = ""


class Stats(Struct, frozen=True):
    """Recordings in their order, and what they are together."""

    recordings: tuple[Counted, ...]
    totals: Totals | None = None

    def __add__(self, other: Self) -> Self:
        totals = self.totals
        if totals is None:
            totals = other.totals
        elif other.totals is not None:
            totals.add(other.totals)
        return type(self)((*self.recordings, *other.recordings), totals)


class StatsOptions(Struct, frozen=True):
    """What is wanted."""

    only_total: bool = False
    """Nothing of each recording but what is wrong with it."""


def stats_partition(groups: Sequence[Group], options: StatsOptions) -> Stats:
    """Count recordings, one after the other. What cannot be read is said in its result."""
    counted = Stats(())
    for (path,) in groups:
        counted = counted + stats_one(path, only_total=options.only_total)
    return counted


def stats_one(path: str, *, only_total: bool = False, watched: Watched | None = None) -> Stats:
    """One recording; ``watched`` hears how far loading is."""
    from debugger.analysis.overview import overview  # noqa: PLC0415 - loads numpy, which `--help` does without
    from debugger.analysis.turns.handlers import all_handler_times  # noqa: PLC0415
    from debugger.fleet.totals import Totals  # noqa: PLC0415
    from debugger.log import EventLog  # noqa: PLC0415
    from debugger.sources.file import open_recordings  # noqa: PLC0415
    from debugger.sources.recording import SourceError  # noqa: PLC0415
    from debugger.sources.told import NO_EVENTS, told_of  # noqa: PLC0415

    log = EventLog()
    try:
        source = open_recordings([path])
        try:
            (watched or _all)(source.load(log))
        finally:
            source.close()
    except SourceError as error:
        return Stats((Counted(path, error="\n".join(error.problems)),))
    notices = tuple(told_of(log.stats, source))
    if not len(log) and log.stats.broken_count:
        return Stats((Counted(path, None, notices, NO_EVENTS),))
    handlers = all_handler_times(log)
    whole = overview(log, handlers)
    return Stats((Counted(path, None if only_total else whole, notices),), Totals.of(whole, handlers))


def _all(steps: Iterator[Loaded]) -> None:
    for _ in steps:
        pass


def _unread(groups: Sequence[Group], why: str) -> Stats:
    return Stats(tuple(Counted(" ".join(group), error=why) for group in groups))


STATS: Final = Job(stats_partition, _unread)


class Fleet(Struct, frozen=True):
    """All of it; ``total`` is None where nothing could be read."""

    recordings: tuple[Counted, ...]
    total: Total | None
    problems: tuple[str, ...]
    """Lines about what is not there where it should have been."""


def stats_fleet(
    paths: Sequence[str], options: StatsOptions, named: Named, jobs: int, progress: Progress
) -> Fleet:
    """Count all of them, in their order.

    Raises:
        UserError: the engine cannot be had, is gone, or is of another build.
    """
    unseen = Unseen()
    recordings: list[Counted] = []
    whole = Stats(())

    def fold(done: Done) -> None:
        nonlocal whole
        hidden = unseen.take(done)
        part: Stats = done.part
        recordings.extend(one for number, one in enumerate(part.recordings) if number not in hidden)
        whole = whole + Stats((), part.totals)

    run_fleet(STATS, [(path,) for path in paths], options, named, jobs, progress, fold)
    total = None if whole.totals is None else whole.totals.told()
    return Fleet(tuple(recordings), total, unseen.problems())
