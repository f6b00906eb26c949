"""A whole fleet of recordings, judged."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final, Self

from msgspec import Struct
from msgspec.structs import replace

from debugger.checking import Asked, Judged, judge_one
from debugger.fleet.driver import Progress, processes_for, run_fleet
from debugger.fleet.engines import Named
from debugger.fleet.tasks import Done, Group, Job
from debugger.fleet.unseen import Unseen
from debugger.report import Input

MOST_FOUND: Final = 50_000
"""Findings that are kept of a whole fleet; beyond them the worst of each recording."""


class CheckOptions(Struct, frozen=True):
    """How recordings are judged."""

    today: dt.date
    """For what is suppressed until a day."""
    rules: tuple[tuple[str, str], ...] = ()
    """Files of rules beside the built-in ones: name and text."""
    processors: int = 1
    """That may be used for one recording."""


class Checked(Struct, frozen=True):
    """Recordings, judged, in their order."""

    judged: tuple[Judged, ...] = ()

    def __add__(self, other: Self) -> Self:
        return replace(self, judged=(*self.judged, *other.judged))


def check_partition(groups: Sequence[Group], options: CheckOptions) -> Checked:
    """Judge recordings, one after the other. What cannot be read is said in its result."""
    return Checked(
        tuple(
            judge_one(Asked(tuple(paths), options.today, options.rules, options.processors))
            for paths in groups
        )
    )


def _unread(groups: Sequence[Group], why: str) -> Checked:
    return Checked(tuple(Judged(Input(" ".join(paths), 0, 0), error=why) for paths in groups))


CHECK: Final = Job(check_partition, _unread)


class Fleet(Struct, frozen=True):
    """All of it: what was judged, and lines about what is not there where it should have been."""

    judged: tuple[Judged, ...]
    problems: tuple[str, ...] = ()


def check_fleet(
    groups: Sequence[Group], options: CheckOptions, named: Named, jobs: int, progress: Progress
) -> Fleet:
    """Judge all, in their order. Where no other process is worth it, each may take ``jobs`` processors.

    Raises:
        UserError: the engine cannot be had, is gone, or is of another build.
    """
    if not named.elsewhere and processes_for(groups, jobs) == 1:
        options = replace(options, processors=jobs)
    gathered = _Gathered()
    run_fleet(CHECK, groups, options, named, jobs, progress, gathered.take)
    return Fleet(tuple(gathered.judged), gathered.unseen.problems())


class _Gathered:
    """What came so far, with bounded many findings."""

    def __init__(self) -> None:
        self.judged: list[Judged] = []
        self.unseen = Unseen()
        self._room = MOST_FOUND

    def take(self, done: Done) -> None:
        unseen = self.unseen.take(done)
        for number, one in enumerate(done.part.judged):
            if number in unseen:
                continue
            kept = one.findings[: max(self._room, 1)]  # the worst is first
            self._room -= len(kept)
            more = len(one.findings) - len(kept)
            self.judged.append(replace(one, findings=kept, not_shown=one.not_shown + more) if more else one)
