"""Where a schedule departs from asyncio's own, in words."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Sequence

from msgspec import Struct

from backend.scenarios import Play
from backend.simulation import TIME_PASSES, Alternative, Kind, Replay, Tape, simulate
from debugger.durations import span

_NS = 1_000_000_000
_NAMED = 4
_IN_WORDS = {"timer _set_result_unless_cancelled": "the end of a sleep"}
"""Timers that asyncio makes itself."""


class Departure(Struct, frozen=True):
    """One choice that is not asyncio's: ``taken`` of ``alternatives``, ``at_ns`` after the run began.

    ``who`` ran although it was the turn of ``instead``; both are empty where no turn is taken.
    """

    choice: int
    at_ns: int
    kind: str
    taken: int
    alternatives: int
    who: str = ""
    instead: str = ""

    @property
    def words(self) -> str:
        """For people."""
        of = f"{self.taken + 1} of {self.alternatives}"
        if self.kind == Kind.READY.name:
            if self.who == TIME_PASSES.label:
                return f"{self.instead} is held up until the next timer fires"
            return f"{self.who} goes before {self.instead}"
        if self.kind == Kind.TIMER.name:
            return f"the loop wakes up late (moment {of})"
        if self.kind == Kind.JOB.name:
            return f"a job of an executor takes longer (time {of})"
        if self.kind == Kind.CANCEL.name:
            return f"a task is cancelled at its wait number {self.taken}"
        return f"the world outside does something else (possibility {of})"


def told(departures: Sequence[Departure]) -> Iterator[str]:
    """A line each; a task that is passed over again and again is one that is held back."""
    for instead, group in itertools.groupby(departures, _passed_over):
        many = list(group)
        if instead and len(many) > 1:
            others = list(dict.fromkeys(one.who for one in many if one.who != TIME_PASSES.label))
            more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
            before = f", until {', '.join(others[-_NAMED:])}{more} went before it" if others else ""
            since = f"from {span(many[0].at_ns)} to {span(many[-1].at_ns)}"
            yield f"{since} {instead} is held back{before} ({len(many)} choices)"
        else:
            yield from (f"at {span(one.at_ns)} {one.words}" for one in many)


def _passed_over(departure: Departure) -> str:
    return departure.instead


def departures_of(play: Play, tape: Tape) -> tuple[Departure, ...]:
    """Those of a tape, in their order; it is run once.

    Raises:
        TapeError: the tape is of another program, or of another version of it.
    """
    tape.check(play.program)
    watched = _Watched(tape)
    simulate(play, watched, seed=tape.seed, settings=tape.settings)
    return tuple(watched.found)


def _name(alternative: Alternative) -> str:
    return _IN_WORDS.get(alternative.label, alternative.label)


class _Watched(Replay):
    """Replays, and writes down who was preferred to whom."""

    def __init__(self, tape: Tape) -> None:
        super().__init__(tape)
        self.found: list[Departure] = []
        self._number = 0

    def schedule(self, alternatives: Sequence[Alternative]) -> int:
        taken = super().schedule(alternatives)
        who, instead = alternatives[taken], alternatives[0]
        named = (_name(who), _name(instead))
        if who.lane != instead.lane and named[0] == named[1] and min(who.lane, instead.lane) > 0:
            named = (f"{named[0]} (task {who.lane})", f"{named[1]} (task {instead.lane})")
        self._note(Kind.READY, taken, len(alternatives), *named)
        return taken

    def pick(self, kind: Kind, count: int) -> int:
        taken = super().pick(kind, count)
        self._note(kind, taken, count)
        return taken

    def _note(self, kind: Kind, taken: int, count: int, who: str = "", instead: str = "") -> None:
        self._number += 1
        if taken:
            at = round(asyncio.get_running_loop().time() * _NS)
            self.found.append(Departure(self._number, at, kind.name, taken, count, who, instead))
