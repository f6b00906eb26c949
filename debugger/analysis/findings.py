"""What is to be said about a log: what is missing from it, and what the program itself called an error."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from backend.events.vocabulary import (
    ERROR,
    GAP,
    RECORDING_ENDED,
    RECORDING_STARTED,
    SEVERITIES,
    SYSTEM,
)
from debugger.analysis.clock_steps import ClockSteps, Step
from debugger.analysis.skew import MOST_PAIRS, Skew, Skews
from debugger.analysis.unknown import UnknownCauses
from debugger.durations import span
from debugger.log import SYNTHETIC, EventLog
from debugger.log.interner import OTHERS
from debugger.log.names import MOST_NAMES

KEPT: Final = 1_000
"""Findings of a kind that are kept with their row; more are only counted."""

_CHUNK: Final = 1 << 18
_ERROR: Final = SEVERITIES.index("error")
_COUNT_AT_MOST: Final = 64  # causes, and sources, that are named one by one
_NAMED: Final = {
    "component": "components",
    "message_type": "message types",
    "event_type": "event types",
    "source": "sources",
    "topology": "ways of messages",
}
_TOLD_AT_ONCE: Final = 64  # rows: some ms


class Finding(Struct, frozen=True):
    """One finding, in the words of CONTRACT sections 3 and 4.

    ``verdict`` is one of those of the contract, or ``reported``: the program said so itself, which the
    debugger shows and `check` does not judge. ``row`` is where to look, -1 for nowhere; ``rows`` are
    all rows that show it. The ``fingerprint`` is the same in each run in which the same goes wrong; ``times``
    is how often it did. ``explanation`` are lines. ``suppressed`` is the reason for which it is accepted.
    It is ``overdue`` if it is about what never came, or came late: then the order of its events says nothing.
    """

    rule: str
    verdict: str
    severity: str
    message: str
    why: str = ""
    fix: str = ""
    row: int = -1
    rows: tuple[int, ...] = ()
    session_id: str | None = None
    turn: int | None = None
    components: tuple[str, ...] = ()
    fingerprint: str = ""
    times: int = 1
    explanation: tuple[str, ...] = ()
    suppressed: str = ""
    overdue: bool = False


class Findings:
    """Grows with its log: `advance` looks at what came. `all` is in the order of rows, the rowless first.

    A ``live`` log is expected to go on: that it has no end yet is no finding. What was told once of a
    row is kept: asking ten times a second costs next to nothing. Of a live log the newest errors and gaps
    are told, else the first; errors whose row is forgotten are only counted, gaps stay told.
    """

    def __init__(self, log: EventLog, *, live: bool = False) -> None:
        self._log = log
        self._live = live
        self._looked = 0
        self._errors: list[int] = []
        self._gaps: list[int] = []
        self._skews = Skews(log)
        self._steps = ClockSteps(log)
        self._unknown = UnknownCauses(log)
        self._by_row: dict[int, Finding] = {}
        self.errors = 0
        self.gaps = 0
        self._told: tuple[Finding, ...] = ()
        self._told_of: tuple[object, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every row was looked at, and `all` tells what was found."""
        return self._looked_at_all and self._unknown.checked and not self._untold

    @property
    def _looked_at_all(self) -> bool:
        return self._looked == len(self._log)

    @property
    def _untold(self) -> int:
        return len(self._errors) + len(self._gaps) - len(self._by_row)

    @property
    def error_rows(self) -> list[int]:
        """Rows of errors, `KEPT` at most."""
        return self._errors

    def advance(self, clock: Callable[[], int], budget_ns: int) -> bool:
        """Look at new rows for about ``budget_ns`` of `clock`; whether anything was found."""
        began, before = clock(), (self.errors, self.gaps)
        while not self.complete:
            self._skews.advance()
            self._steps.advance()
            self._look()
            self._unknown.check()
            self._tell()
            if clock() - began >= budget_ns:
                break
        return before != (self.errors, self.gaps)

    def _look(self) -> None:
        log = self._log
        start = max(self._looked, log.first_row)
        stop = min(start + _CHUNK, len(log))
        if start == stop:
            return
        self._unknown.look(start, stop)
        kinds = log.column("event_type")[start:stop]
        bad = log.column("severity")[start:stop] >= _ERROR
        error = log.id_of("event_type", ERROR)
        if error is not None:
            bad = bad | (kinds == error)
        rows = np.flatnonzero(bad) + start
        self.errors += len(rows)
        self._errors = self._kept(self._errors, rows, log.first_row)
        system, gap = log.id_of("event_type", SYSTEM), log.id_of("message_type", GAP)
        if system is not None and gap is not None:
            rows = np.flatnonzero((kinds == system) & (log.column("message_type")[start:stop] == gap)) + start
            self.gaps += len(rows)
            self._gaps = self._kept(self._gaps, rows, 0)
        self._looked = stop

    def _kept(self, known: list[int], new: NDArray[np.intp], first: int) -> list[int]:
        """Rows that are told, of those from `first` on."""
        if not self._live:
            return [*known, *new[: max(KEPT - len(known), 0)].tolist()]
        rows = [*known, *new[-KEPT:].tolist()]
        gone = max(len(rows) - KEPT, bisect_left(rows, first))
        for row in rows[:gone]:
            self._by_row.pop(row, None)
        return rows[gone:]

    def _tell(self) -> None:
        """Of some rows more, what they say: their lines are read."""
        if self._untold:
            rows = [row for row in (*self._errors, *self._gaps) if row not in self._by_row]
            self._by_row |= {row: self._of_row(row) for row in rows[:_TOLD_AT_ONCE]}

    def all(self) -> tuple[Finding, ...]:
        """All findings so far."""
        log = self._log
        stats = log.brief
        of = (
            self.errors,
            self.gaps,
            self._looked_at_all,
            stats.broken_count,
            stats.torn,
            stats.evicted > 0,
            stats.forgotten > 0,
            stats.overfull,
            tuple(stats.missing.items()),
            stats.unbelieved,
            tuple(self._skews.all()),
            self._skews.overfull,
            tuple(self._steps.all()),
            len(self._unknown),
            self._unknown.first(1),
            self._unknown.named,
            len(self._by_row),
            log.id_of("message_type", RECORDING_ENDED),
        )
        if of != self._told_of:
            self._told_of = of
            of_rows = [finding for _, finding in sorted(self._by_row.items())]
            self._told = (*self._integrity(), *of_rows, *self._capped())
        return self._told

    def _of_row(self, row: int) -> Finding:
        log = self._log
        header = log.header(row)
        component = header.component
        if header.event_type == SYSTEM and header.message_type == GAP:
            told = log.event(row).get("data")
            told = told if isinstance(told, dict) else {}
            upto = told.get("to_seq")
            lost = f"{told.get('from_seq')} to {'?' if upto is None else upto}"
            return Finding(
                "gap",
                "integrity",
                "warning",
                f"events {lost} of {told.get('source') or 'a source'} are lost",
                str(told.get("reason") or ""),
                row=row,
                rows=(row,),
                components=() if component == SYNTHETIC else (component,),
            )
        return Finding(
            "error",
            "reported",
            "error",
            log.summary(row) or header.message_type or header.event_type,
            row=row,
            rows=(row,),
            session_id=header.session_id,
            turn=header.turn,
            components=(component,),
        )

    def _capped(self) -> list[Finding]:
        more = self.errors - len(self._errors)
        if more <= 0:
            return []
        fix = "filter for severity>=error to see them"
        return [Finding("error", "reported", "error", f"{more:,} more errors", fix=fix, times=more)]

    # --- what is missing -------------------------------------------------------

    def _integrity(self) -> list[Finding]:
        log, found = self._log, []
        stats = log.brief
        for source, missing in list(stats.missing.items())[:_COUNT_AT_MOST]:
            found.append(_hole("seq-gap", f"{missing:,} events of {source} are missing", "its seq has holes"))
        if (sources := len(stats.missing) - _COUNT_AT_MOST) > 0:
            found.append(_hole("seq-gap", f"events of {sources:,} more sources are missing"))
        for source in stats.unbelieved[:_COUNT_AT_MOST]:
            why = "its seq has a hole that no program could fill in a year: what is missing cannot be told"
            found.append(_hole("seq-gap", f"the numbers of {source} are not believed", why))
        for line in stats.broken:
            where = f"{line.path}:{line.line}" if line.path else f"line {line.line}"
            found.append(_hole("broken-line", f"{where} was skipped: {line.reason}"))
        more = stats.broken_count - len(stats.broken) - len(stats.torn)
        if more > 0:
            found.append(_hole("broken-line", f"{more:,} more broken lines were skipped"))
        found += [
            _hole("torn-tail", f"{line.path}:{line.line} is unfinished: {line.reason}") for line in stats.torn
        ]
        found += self._clocks()
        if stats.forgotten:
            why = "a live view keeps the newest ones within a bound; record the feed to keep all"
            found.append(_hole("forgotten", "early events are forgotten", why))
        if stats.overfull:
            what = ", ".join(_NAMED.get(column, column) for column in stats.overfull)
            why = f"a live view keeps the first {MOST_NAMES:,} of each; record the feed to keep all"
            found.append(_hole("too-many-names", f"too many {what}: later ones are shown as {OTHERS}", why))
        if stats.evicted:
            why = "live events are kept within a bound; the oldest lose their payload"
            found.append(_hole("evicted", "early events have no payload any more", why))
        if self._looked_at_all:
            found += self._causes()
            found += [] if self._live else self._ends()
        return found

    def _clocks(self) -> list[Finding]:
        found = [_set(step) for step in self._steps.all()[:_COUNT_AT_MOST]]
        found += [_apart(skew) for skew in self._skews.all()]
        if self._skews.overfull:
            message = "clocks of some sources are not compared: there are too many"
            fix = f"{MOST_PAIRS:,} pairs that talk to each other are compared; look at fewer sources at once"
            found.append(Finding("clock-skew", "integrity", "info", message, fix=fix))
        return found

    def _causes(self) -> list[Finding]:
        unknown = self._unknown
        if len(unknown):
            message = f"{len(unknown):,} events name a cause that is not in the log"
            first = unknown.first(_COUNT_AT_MOST)
            return [_hole("unknown-cause", message, "their history cannot be followed", first)]
        if len(self._log) and not unknown.named:
            why = "a base-format log: which receive belongs to which publish is not recorded"
            return [_hole("no-causes", "no event names its cause", why)]
        return []

    def _ends(self) -> list[Finding]:
        messages = self._log.interner("message_type")
        if messages.id_of(RECORDING_STARTED) is None or messages.id_of(RECORDING_ENDED) is not None:
            return []
        why = "it was cut off, or is still being written: what waits for something is only pending"
        return [_hole("no-end", "the recording has no end", why)]


def _apart(skew: Skew) -> Finding:
    """Clocks that differ: times of the two cannot be compared, causes can."""
    least = "at least " if skew.error_ns is None else ""
    error = "" if skew.error_ns is None else f" ± {span(skew.error_ns)}"
    return Finding(
        "clock-skew",
        "integrity",
        "info",
        f"the clock of {skew.ahead} is {least}{span(skew.ns)}{error} ahead of that of {skew.behind}",
        "compare their times with care; the order of causes holds",
    )


def _set(step: Step) -> Finding:
    """A clock that jumped: times before and after it cannot be compared, the order and durations can."""
    way = "forward" if step.ns > 0 else "back"
    more = "" if step.times == 1 else f", the farthest of {step.times:,} times"
    return Finding(
        "clock-step",
        "integrity",
        "info",
        f"the wall clock of {step.source} jumps {span(abs(step.ns))} {way}{more}",
        "it was set, or the machine slept; order and durations are those of the monotonic clock",
        row=step.row,
        rows=(step.row,),
        times=step.times,
    )


def _hole(rule: str, message: str, why: str = "", rows: tuple[int, ...] = ()) -> Finding:
    row = rows[0] if rows else -1
    return Finding(rule, "integrity", "warning", message, why, row=row, rows=rows)
