"""One recording, judged: what a worker process does."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct

from backend.errors import UserError
from debugger.report import Found, Input, Place, RuleText, Severity, shortened

if TYPE_CHECKING:
    from debugger.analysis.findings import Finding
    from debugger.analysis.rules import RuleSet
    from debugger.log import EventLog

MOST_FINDINGS = 1_000
"""Findings of a recording that are kept; more are only counted."""


class Asked(Struct, frozen=True):
    """What is to be judged, and how: plain values, since another process gets them."""

    paths: tuple[str, ...]
    """One recording, or several that are one story."""
    today: dt.date
    """For what is suppressed until a day."""
    rules: tuple[tuple[str, str], ...] = ()
    """Files of rules beside the built-in ones: name and text."""
    processors: int = 1
    """That may be used for it."""


class Judged(Struct, frozen=True):
    """What came of it. With an ``error`` there is nothing else but `notices`: it could not be read."""

    input: Input
    findings: tuple[Found, ...] = ()
    notices: tuple[str, ...] = ()
    not_shown: int = 0
    error: str = ""


def judge_one(asked: Asked) -> Judged:
    """Read, analyse, and describe. Unreadable input is an `error`, never an exception."""
    from debugger.analysis.judge import judge  # noqa: PLC0415 - loads numpy, which `--help` does without
    from debugger.analysis.mending import mended  # noqa: PLC0415
    from debugger.checking.damage import broken_lines, done_about, folded, no_recording  # noqa: PLC0415
    from debugger.log import EventLog  # noqa: PLC0415
    from debugger.sources.file import open_recordings  # noqa: PLC0415
    from debugger.sources.recording import SourceError  # noqa: PLC0415

    name = " ".join(asked.paths)
    log = EventLog()
    try:
        source = open_recordings(asked.paths)
        try:
            source.load_all(log)
        finally:
            source.close()
    except SourceError as error:
        return Judged(Input(name, 0, 0), error="\n".join(error.problems))
    stats = log.stats
    if not len(log) and (source.damage or stats.broken_count):
        problem = "\n".join(source.damage) or no_recording(name, stats)
        return Judged(Input(name, 0, 0, stats.broken_count), error=problem)
    notices = (*broken_lines(name, stats), *source.notices)
    right = mended(log)
    rules = _rules(asked.rules)
    verdict = judge(right.log, rules, asked.today, processors=asked.processors)
    found = folded(verdict.findings, stats)
    kept = found[:MOST_FINDINGS]
    return Judged(
        Input(
            name,
            len(log),
            len(stats.sessions),
            stats.broken_count,
            verdict.causality,
            verdict.judged,
            verdict.unjudged,
        ),
        (*_described(right.log, name, kept), *_described(log, name, done_about(right, source.damage))),
        notices,
        len(found) - len(kept),
    )


def rule_files(paths: Iterable[Path]) -> tuple[tuple[str, str], ...]:
    """Files of rules, read and looked through: their names and texts.

    Raises:
        UserError: one cannot be read, or has a mistake; where it is.
    """
    paths = tuple(paths)
    if not paths:
        return ()
    from debugger.analysis.rules import RulesError, load_rules  # noqa: PLC0415 - loads numpy

    texts = []
    for path in paths:
        try:
            texts.append((str(path), path.read_text("utf-8")))
        except OSError as error:
            raise UserError(f"{path}: cannot be read: {error.strerror}") from None
        except UnicodeDecodeError as error:
            raise UserError(f"{path}: is not UTF-8 text (byte {error.start:,})") from None
    try:
        load_rules(texts)
    except RulesError as error:
        raise UserError(str(error)) from None
    return tuple(texts)


@lru_cache(maxsize=1)
def _rules(sources: tuple[tuple[str, str], ...]) -> RuleSet:
    """The same for each recording of a check."""
    from debugger.analysis.rules import load_rules  # noqa: PLC0415 - loads numpy

    return load_rules(sources)


def rule_texts(sources: tuple[tuple[str, str], ...]) -> tuple[RuleText, ...]:
    """What each rule is about, for who shows it beside what was found."""
    from debugger.analysis.rules import explain  # noqa: PLC0415 - loads numpy
    from debugger.analysis.rules.explain import ELSEWHERE  # noqa: PLC0415

    rules = _rules(sources)
    patterns = [RuleText(one.id, one.title, explain(one.id, rules), one.severity) for one in rules.rules]
    others = [
        RuleText(name, title, explain(name, rules), "error" if name == "lost-update" else "warning")
        for name, (title, _, _) in ELSEWHERE.items()
    ]
    return (*patterns, *others)


def _described(log: EventLog, path: str, findings: Iterable[Finding]) -> Iterable[Found]:
    findings = list(findings)
    numbers = log.line_numbers({row for one in findings for row in _rows(one)})
    single = os.path.exists(path)  # noqa: PTH110 - several paths in one are none
    for one in findings:
        yield Found(
            rule=one.rule,
            verdict=one.verdict,
            severity=cast("Severity", one.severity),
            path=path,
            message=shortened(one.message),
            why=shortened(one.why),
            fix=one.fix,
            session_id=None if one.session_id is None else shortened(one.session_id),
            turn=one.turn,
            components=tuple(map(shortened, one.components)),
            places=tuple(_place(log, row, numbers.get(row, 0) if single else 0) for row in _rows(one)),
            times=one.times,
            fingerprint=one.fingerprint,
            explanation=one.explanation,
            suppressed=one.suppressed,
        )


def _rows(finding: Finding) -> tuple[int, ...]:
    """The decisive row first."""
    rest = tuple(row for row in finding.rows if row != finding.row)
    return (finding.row, *rest) if finding.row >= 0 else rest


def _place(log: EventLog, row: int, line: int) -> Place:
    event = log.event(row)
    return Place(
        what=_what(event),
        id=shortened(text) if isinstance(text := event.get("id"), str) else "",
        line=line,
        time_ns=int(log.column("timestamp_ns")[row]),
        task=shortened(task) if isinstance(task := event.get("task"), str) else "",
    )


_VERBS = {
    "message_published": "published by",
    "message_received": "received by",
    "message_handled": "handled by",
}


def _what(event: dict[str, Any]) -> str:
    """``CHUNK_RESPONSE received by tts_orchestrator``."""
    kind, component = (shortened(str(event.get(name))) for name in ("event_type", "component"))
    message = event.get("message_type")
    if not isinstance(message, str):
        return f"{kind} of {component}"
    message = shortened(message)
    return f"{message} {_VERBS.get(kind, f'({kind}) of')} {component}"
