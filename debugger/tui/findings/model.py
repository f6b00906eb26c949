"""The lines of the findings pane: findings, watches and bookmarks in one list."""

from __future__ import annotations

from typing import Final, NamedTuple

from debugger.analysis.findings import Finding, Findings
from debugger.analysis.ranking import line_key, rank
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

LETTERS: Final = {"error": "E", "warning": "W", "info": "i"}
"""How bad it is, in one cell."""

_TEXT: Final = 300


class FindingLine(NamedTuple):
    """One line; text is safe. ``row`` is where Enter goes, -1 for nowhere; ``key`` is the line's own."""

    kind: str
    severity: str
    place: str
    text: str
    why: str
    row: int
    turn: str = ""
    key: object = None
    finding: Finding | None = None


class FindingLines:
    """Watches, what was found, the worst first, and bookmarks. What is not different is not made anew."""

    def __init__(self, session: Session, findings: Findings) -> None:
        self._session = session
        self._findings = findings
        self._all: tuple[object, ...] = ()
        self._found: dict[int, tuple[Finding, FindingLine]] = {}  # by identity
        self._lines: tuple[FindingLine, ...] = ()

    def found(self) -> tuple[FindingLine, ...]:
        """The lines of findings as of now: the same value until something is different."""
        judging = self._session.judging
        judged = judging.found.all if judging is not None else ()
        noted = self._findings.all()
        if (judged, noted) != self._all:
            self._all = (judged, noted)
            known, self._found = self._found, {}
            for one in sorted((*judged, *noted), key=rank):
                self._found[id(one)] = known.get(id(one)) or (one, _line(self._session.log, one))
            self._lines = tuple(line for _, line in self._found.values())
        return self._lines

    def lines(self) -> tuple[FindingLine, ...]:
        """All lines as of now."""
        log, session = self._session.log, self._session
        marks = (
            FindingLine(
                "mark",
                "info",
                place(log, mark.row),
                safe_text(mark.note or "bookmark", _TEXT),
                "d takes it away",
                mark.row,
                key=("mark", mark.row),
            )
            for mark in session.notes.marks
        )
        return (*map(_watch, session.watches.all), *self.found(), *marks)


def _watch(watch: Watch) -> FindingLine:
    return FindingLine(
        "watch",
        "info",
        units.times(watch.hits),
        safe_text(watch.query.text, _TEXT),
        "stops and beeps where it holds; d takes it away",
        -1 if watch.last is None else watch.last,
        key=("watch", watch.query.text),
    )


def _line(log: EventLog, finding: Finding) -> FindingLine:
    often = f" {units.times(finding.times)}" if finding.times > 1 else ""
    accepted = f"accepted: {finding.suppressed}" if finding.suppressed else ""
    return FindingLine(
        finding.verdict,
        finding.severity,
        place(log, finding.row),
        safe_text(f"{finding.rule}{often}: {finding.message}", _TEXT),
        safe_text(" · ".join(part for part in (accepted, finding.why, finding.fix) if part), _TEXT),
        finding.row,
        safe_text(where(finding), 40),
        line_key(finding),
        finding,
    )


def where(finding: Finding) -> str:
    """The session and turn of a finding, as people call them; empty where it is of none."""
    turn = "" if finding.turn is None else f"turn {finding.turn}"
    return " · ".join(part for part in (finding.session_id or "", turn) if part)


def place(log: EventLog, row: int) -> str:
    """A row as people call it: its seq, else its number; and its time. Nothing for one that is forgotten."""
    if not log.first_row <= row < len(log):
        return ""
    seq = int(log.column("seq")[row])
    return f"#{row + 1 if seq == NONE else seq} {units.clock_time(int(log.column('timestamp_ns')[row]))}"
