"""The pages of an open finding: why it is one, how its two events came about, and what its rule says."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Final, NamedTuple

from rich.segment import Segment

from debugger.analysis.ranking import key_of, pair_of
from debugger.analysis.told import Step, Story
from debugger.tui.events.model import describe
from debugger.tui.findings.model import ABOUT, GLYPHS, FindingLine, where
from debugger.tui.findings.paint import style_of
from debugger.tui.palette import ink
from debugger.tui.session import Session
from debugger.tui.text import safe_text, shorten
from debugger.tui.units import clock_time, times

PAGES: Final = ("why", "first", "second", "rule")
NAMES: Final = {"why": "why", "first": "history of A", "second": "history of B", "rule": "rule"}

_LONGEST: Final = 4_000
_LABEL: Final = 9
_RULE_LABEL: Final = 10
_CONTINUED: Final = "    "


class Row(NamedTuple):
    """A line: what is painted, and the event that it is about (-1: none)."""

    segments: list[Segment]
    row: int = -1


def page(name: str, session: Session, line: FindingLine, width: int) -> tuple[list[Row], bool]:
    """The lines of a page, and whether they are all there; else what is missing is being looked up."""
    finding, judging = line.finding, session.judging
    if finding is None:
        return [], True
    if name == "rule":
        text = "" if judging is None else judging.found.texts.get(finding.rule, "")
        return _text(text or "what is missing from a log breaks no rule", width), True
    story = None if judging is None else judging.story(key_of(finding))
    done = story is not None or judging is None or bool(judging.trouble) or finding.verdict == "reported"
    if name == "why":
        return _why(session, line, story, width), done
    steps = () if story is None else story.first if name == "first" else story.second
    return _history(session, finding_row(line, name), steps, width, done=done), done


def finding_row(line: FindingLine, name: str) -> int:
    """The row of A or B; -1 if there is none."""
    if line.finding is None:
        return -1
    first, second = pair_of(line.finding)
    return first if name == "first" else second


def _why(session: Session, line: FindingLine, story: Story | None, width: int) -> list[Row]:
    finding = line.finding
    if finding is None:
        return []
    about = ABOUT.get(finding.verdict, "")
    rows = [
        Row(
            [
                Segment(f"{GLYPHS.get(finding.verdict, '·')} {finding.verdict}", style_of(line)),
                Segment(f" · {finding.severity}: {about}"[: max(width - 12, 0)], ink.dim),
            ]
        ),
        Row([]),
        *_filled("", f"{finding.rule}: {finding.message}", width, bold=True),
        *_filled("where", where(finding), width),
        *_filled("at", line.place, width),
        *_filled("often", times(finding.times) if finding.times > 1 else "", width),
        *_filled("accepted", finding.suppressed, width),
        *_filled("why", finding.why, width),
        *_filled("fix", finding.fix, width),
        Row([]),
    ]
    if story is None:
        if session.judging is not None and finding.verdict in ("violation", "predicted"):
            stopped = bool(session.judging.trouble)
            told = "judging has stopped" if stopped else "how it came about is being looked up …"
            rows.append(Row([Segment(told, ink.dim)]))
    elif story.pages:
        rows += [_plain(one, width) for one in story.lines(width)]
    elif finding.verdict in ("violation", "predicted"):
        one = "it is about one event: B tells how that came about"
        both = "it is not about the order of its events: A and B tell how they came about"
        rows.append(Row([Segment((both if finding_row(line, "first") >= 0 else one)[:width], ink.dim)]))
    return rows


def _history(session: Session, last: int, steps: Sequence[Step], width: int, *, done: bool) -> list[Row]:
    if not done:
        return [Row([Segment("being looked up …", ink.dim)])]
    log = session.log
    if not steps:
        why = "it has but one event: B" if last < 0 else "nothing is known of how it came about"
        return [Row([Segment(why, ink.dim)])]
    rows = []
    for step in steps:
        if not log.first_row <= step.row < len(log):
            rows.append(Row([Segment(f"event {step.row + 1:,} is forgotten", ink.dim)]))
            continue
        told = describe(log, step.row, -1, summary=False)
        family = ink.families[told.family]
        at = clock_time(int(log.column("timestamp_ns")[step.row]))
        by = f"  ({step.by})" if step.by else ""
        what = log.name("message_type", int(log.column("message_type")[step.row]))
        kind = log.name("event_type", int(log.column("event_type")[step.row]))
        who = log.name("component", int(log.column("component")[step.row]))
        mark = "▸" if step.row == last else " "
        words = safe_text(f"{who} {kind}{f' {what}' if what else ''}", 200)
        head = f"{mark}{step.row + 1:>9,}  {at}  "
        rows.append(
            Row(
                [
                    Segment(head, ink.key if step.row == last else ink.dim),
                    Segment(shorten(words, max(width - len(head), 8)), family),
                    Segment(shorten(by, max(width - len(head) - len(words), 0)) if by else "", ink.dim),
                ],
                step.row,
            )
        )
    return rows


def _filled(label: str, words: str, width: int, *, bold: bool = False) -> list[Row]:
    """Words under a label, as many lines as they take; none for no words."""
    text = safe_text(words, _LONGEST)
    indent = _LABEL if label else 0
    lines = wrap(text, max(width - indent, 8), break_on_hyphens=False) if text else []
    return [
        Row(
            [
                Segment(f"{'' if number else label:{indent}}" if indent else "", ink.dim),
                Segment(one, ink.bold if bold else ink.plain),
            ]
        )
        for number, one in enumerate(lines)
    ]


def _text(text: str, width: int) -> list[Row]:
    """A rule's text: its lines were filled for a wide page, and are filled anew for this one."""
    paragraphs: list[str] = []
    for line in text.split("\n"):
        if line.startswith(_CONTINUED) and paragraphs:
            paragraphs[-1] += f" {line.strip()}"
        else:
            paragraphs.append(line)
    rows: list[Row] = []
    for one in paragraphs:
        indent = " " * (_RULE_LABEL if one[_RULE_LABEL - 1 : _RULE_LABEL] == " " and one[:1].strip() else 4)
        lines = wrap(
            safe_text(one, _LONGEST), max(width, 24), subsequent_indent=indent, break_on_hyphens=False
        )
        rows += [Row([Segment(line, ink.plain)]) for line in lines or [""]]
    return rows


def _plain(line: str, width: int) -> Row:
    """A line of an explanation: what it says first is what it is about."""
    words = line.lstrip()
    safe = " " * (len(line) - len(words)) + safe_text(words, _LONGEST)
    strong = safe.startswith(("missing", "ordered", "believed", "found"))
    return Row([Segment(shorten(safe, width), ink.warn if strong else ink.plain)])
