"""The lines of the findings pane: findings, watches and bookmarks in one list."""

from __future__ import annotations

from typing import Final, NamedTuple

from debugger.analysis.findings import Finding, Findings
from debugger.log import NONE, EventLog
from debugger.tui import units
from debugger.tui.session import Session
from debugger.tui.text import safe_text
from debugger.tui.watches import Watch

GLYPHS: Final = {
    "violation": "✗",
    "predicted": "?",
    "integrity": "○",
    "reported": "!",
    "watch": "◎",
    "mark": "◆",
}
"""What kind of line it is, in one cell."""

ABOUT: Final = {
    "violation": "the log shows something wrong happening",
    "predicted": "in the right order here, but nothing holds it: another run may do it the other way",
    "integrity": "something is missing from the log, so that not all can be judged",
    "reported": "the program itself reports an error",
    "watch": "a watch, with how often it held",
    "mark": "a bookmark, with its note",
}
"""What such a line says."""

_TEXT: Final = 300


class FindingLine(NamedTuple):
    """One line; text is safe. ``row`` is where Enter goes, -1 for nowhere."""

    kind: str
    severity: str
    place: str
    text: str
    why: str
    row: int


class FindingLines:
    """Watches, then what was found, then bookmarks. What is not different is not made anew."""

    def __init__(self, session: Session, findings: Findings) -> None:
        self._session = session
        self._findings = findings
        self._all: tuple[Finding, ...] = ()
        self._found: dict[int, tuple[Finding, FindingLine]] = {}  # by identity

    def lines(self) -> tuple[FindingLine, ...]:
        """The lines as of now."""
        log, session = self._session.log, self._session
        found = self._findings.all()
        if found is not self._all:
            known, self._found, self._all = self._found, {}, found
            for one in found:
                self._found[id(one)] = known.get(id(one)) or (one, _line(log, one))
        marks = (
            FindingLine(
                "mark",
                "info",
                place(log, mark.row),
                safe_text(mark.note or "bookmark", _TEXT),
                "d takes it away",
                mark.row,
            )
            for mark in session.notes.marks
        )
        return (*map(_watch, session.watches.all), *(line for _, line in self._found.values()), *marks)


def _watch(watch: Watch) -> FindingLine:
    return FindingLine(
        "watch",
        "info",
        units.times(watch.hits),
        safe_text(watch.query.text, _TEXT),
        "stops and beeps where it holds; d takes it away",
        -1 if watch.last is None else watch.last,
    )


def _line(log: EventLog, finding: Finding) -> FindingLine:
    return FindingLine(
        finding.verdict,
        finding.severity,
        place(log, finding.row),
        safe_text(f"{finding.rule}: {finding.message}", _TEXT),
        safe_text(" · ".join(part for part in (finding.why, finding.fix) if part), _TEXT),
        finding.row,
    )


def place(log: EventLog, row: int) -> str:
    """A row as people call it: its seq, else its number; and its time. Nothing for one that is forgotten."""
    if not log.first_row <= row < len(log):
        return ""
    seq = int(log.column("seq")[row])
    return f"#{row + 1 if seq == NONE else seq} {units.clock_time(int(log.column('timestamp_ns')[row]))}"
