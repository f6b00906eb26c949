"""What is wrong with a recording itself, in words: broken lines, copies, a file that is damaged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from debugger.analysis.findings import Finding
from debugger.analysis.mending import Mended
from debugger.log import LogStats

_TOLD: Final = 3
"""Broken lines that are told one by one."""

_BROKEN: Final = "broken-line"


def broken_lines(name: str, stats: LogStats) -> Iterable[str]:
    """Lines that were skipped: some of them one by one, and how many more."""
    told = [*stats.broken[:_TOLD], *stats.torn[:_TOLD]]
    for line in told:
        where = f"{line.path}:{line.line}" if line.path else f"line {line.line}"
        yield f"{where}: {line.reason}"
    more = stats.broken_count - len(told)
    if more > 0:
        yield f"{name}: {more:,} more broken line{'' if more == 1 else 's'}"


def no_recording(name: str, stats: LogStats) -> str:
    """In a line, why nothing of it can be judged."""
    first = (*stats.broken, *stats.torn)[0]
    lines = "its only line is no event" if stats.broken_count == 1 else "none of the lines is an event"
    return f"{name}: {lines} ({first.line}: {first.reason}); is this a recording?"


def folded(findings: tuple[Finding, ...], stats: LogStats) -> tuple[Finding, ...]:
    """Lines that were skipped are told as one finding, if there are many."""
    broken = [one for one in findings if one.rule == _BROKEN]
    if len(broken) <= _TOLD:
        return findings
    many, first = stats.broken_count - len(stats.torn), broken[0]
    told = replace(first, message=f"{many:,} lines were skipped; the first: {first.message}")
    others = (one for one in findings if one is first or one.rule != _BROKEN)
    return tuple(told if one is first else one for one in others)


def done_about(recording: Mended, damage: Iterable[str]) -> Iterable[Finding]:
    """What was put right before the recording was judged, and what is wrong with its file."""
    yield from recording.findings()
    for told in damage:
        why = "what comes after the damage was not judged"
        yield Finding("damaged-file", "integrity", "warning", told, why)
