"""What a search came to, as plain values that can be kept, and as people and programs read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from debugger.explore.filling import filled
from debugger.explore.saved import Saved, lines_of
from debugger.explore.verdicts import PairResult, Result
from debugger.report.escape import plain

SCHEMA: Final = "doubletalk.exploration/1"
BUGGY: Final = "buggy"

_WIDTH = 100
_PAIRS = 8  # that are named one by one


class Entry(Struct, frozen=True):
    """One variant of a scenario, explored: CONTRACT section 3, and more. Paths are text, as they were given.

    ``expected``: a buggy one is confirmed, another one is not. ``error`` is why it could not be explored at
    all; then ``verdict`` is empty. ``told`` are the lines about what was found.
    """

    scenario: str
    variant: str
    verdict: str
    rule: str | None = None
    schedules: int = 0
    phase: str | None = None
    """In which it was found; None where nothing was."""
    tape: str | None = None
    recording: str | None = None
    good: str | None = None
    message: str | None = None
    seed: int = 0
    seconds: float = 0.0
    departures: int | None = None
    pairs: tuple[PairResult, ...] = ()
    confidence: str = ""
    at_least: float = 0.0
    by_phase: dict[str, int] = {}
    notices: tuple[str, ...] = ()
    error: str = ""
    told: tuple[str, ...] = ()

    @property
    def confirmed(self) -> bool:
        """Whether something was found."""
        return self.verdict == "confirmed"

    @property
    def expected(self) -> bool:
        """Whether it is as its variant says."""
        return not self.error and self.confirmed == (self.variant == BUGGY)


def entry_of(result: Result, saved: Saved | None, *, seed: int, notices: Sequence[str] = ()) -> Entry:
    """What is kept of a search and of what it saved."""
    found = result.found
    return Entry(
        result.scenario,
        result.variant,
        result.verdict,
        result.rule,
        result.schedules,
        result.phase if found is not None else None,
        str(saved.tape) if saved is not None else None,
        str(saved.bad) if saved is not None else None,
        str(saved.good) if saved is not None and saved.good is not None else None,
        found.message if found is not None else None,
        seed,
        round(result.seconds, 3),
        saved.how.deviations if saved is not None else None,
        result.pairs,
        result.confidence.text,
        result.confidence.at_least,
        result.confidence.schedules,
        (*result.notices, *notices),
        told=tuple(lines_of(saved)) if saved is not None else (),
    )


def as_json(entries: Sequence[Entry]) -> dict[str, Any]:
    """``doubletalk.exploration/1``."""
    results = []
    for entry in entries:
        one = msgspec.to_builtins(entry)
        one["expected"] = entry.expected
        results.append({name: value for name, value in one.items() if name != "told" and value != ""})
    return {"schema": SCHEMA, "results": results}


# --- for people -------------------------------------------------------------------------

HEAD: Final = ("scenario", "variant", "verdict", "rule", "found by", "schedules", "least", "")
RIGHT: Final = (5, 6)


def table(entries: Sequence[Entry]) -> Iterator[tuple[str, ...]]:
    """A row each; the last cell says what is not as it should be."""
    for entry in entries:
        yield (
            entry.scenario,
            entry.variant,
            entry.verdict or "not explored",
            entry.rule or "-",
            entry.phase or "-",
            f"{entry.schedules:,}",
            "-" if entry.departures is None else str(entry.departures),
            "" if entry.expected else _unexpected(entry),
        )


def _unexpected(entry: Entry) -> str:
    if entry.error:
        return "error"
    return "NOT FOUND" if entry.variant == BUGGY else "FAILS"


def lines(entry: Entry, width: int = _WIDTH) -> Iterator[str]:
    """One result: what was found and how to see it, or what the effort is worth."""
    if entry.error:
        yield from filled("", f"{entry.scenario} ({entry.variant}): not explored: {entry.error}", width)
        return
    if entry.confirmed:
        yield from entry.told
        many = _count(entry.schedules, "schedule")
        yield from filled("  found  ", f"by the {entry.phase} search, after {many}", width)
    else:
        many = _count(entry.schedules, "schedule")
        yield f"{plain(entry.scenario)} ({entry.variant}): {_verdict(entry, many)}"
        yield from filled("  worth  ", entry.confidence, width)
    yield from _pairs(entry.pairs, width)


def _verdict(entry: Entry, many: str) -> str:
    if entry.verdict == "not-reproduced":
        return f"not reproduced in {many}"
    if entry.verdict == "infeasible":
        bound = max((pair.bound for pair in entry.pairs), default=0.0)
        return f"infeasible within {bound:g} s: nothing wrong in {many}"
    return f"{entry.verdict} in {many}"


def _pairs(pairs: Sequence[PairResult], width: int) -> Iterator[str]:
    if not pairs:
        return
    fates = [pair.fate for pair in pairs]
    counted = ", ".join(f"{fates.count(fate)} {fate}" for fate in dict.fromkeys(fates))
    yield from filled("  pairs  ", f"{_count(len(pairs), 'predicted pair')}: {counted}", width)
    open_ones = [pair for pair in pairs if pair.fate in ("not-reproduced", "infeasible") and not pair.note]
    for pair in open_ones[:_PAIRS]:
        within = f" within {pair.bound:g} s" if pair.fate == "infeasible" else ""
        yield from filled("         ", f"{pair.fate}{within}: {pair.rule}: {pair.message}", width)
    if len(open_ones) > _PAIRS:
        yield f"         and {len(open_ones) - _PAIRS} more"


def summary(entries: Sequence[Entry]) -> str:
    """One line under a table."""
    buggy = [entry for entry in entries if entry.variant == BUGGY]
    others = [entry for entry in entries if entry.variant != BUGGY]
    found = sum(entry.confirmed for entry in buggy)
    clean = sum(entry.expected for entry in others)
    schedules = sum(entry.schedules for entry in entries)
    parts = [f"{found} of {len(buggy)} buggy ones confirmed"] if buggy else []
    parts += [f"{clean} of {len(others)} fixed ones hold"] if others else []
    return f"{', '.join(parts)}, in {_count(schedules, 'schedule')}"


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
