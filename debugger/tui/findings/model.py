"""The lines of the findings pane: findings, watches and bookmarks in one list."""

from __future__ import annotations

from typing import Final, NamedTuple

from debugger.analysis.findings import Finding, Findings
from debugger.log import NONE, EventLog
from debugger.tui import units
from debugger.tui.session import Session
from debugger.tui.text import safe_text

GLYPHS: Final = {
    "violation": "✗",
    "predicted": "?",
    "integrity": "○",
    "reported": "!",
    "watch": "◎",
    "mark": "◆",
}
"""What kind of line it is, in one cell."""

_TEXT: Final = 300


class FindingLine(NamedTuple):
    """One line; text is safe. ``row`` is where Enter goes, -1 for nowhere."""

    kind: str
    severity: str
    place: str
    text: str
    why: str
    row: int


def finding_lines(session: Session, findings: Findings) -> tuple[FindingLine, ...]:
    """Watches, then what was found, then bookmarks."""
    log = session.log
    watches = [
        FindingLine(
            "watch",
            "info",
            units.times(watch.hits),
            safe_text(watch.query.text, _TEXT),
            "stops and beeps where it holds; d takes it away",
            -1 if watch.last is None else watch.last,
        )
        for watch in session.watches.all
    ]
    marks = [
        FindingLine(
            "mark",
            "info",
            place(log, mark.row),
            safe_text(mark.note or "bookmark", _TEXT),
            "d takes it away",
            mark.row,
        )
        for mark in session.notes.marks
    ]
    return (*watches, *(_line(log, one) for one in findings.all()), *marks)


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
    """A row as people call it: its seq, else its number; and its time."""
    if not 0 <= row < len(log):
        return ""
    seq = int(log.column("seq")[row])
    return f"#{row + 1 if seq == NONE else seq} {units.clock_time(int(log.column('timestamp_ns')[row]))}"
