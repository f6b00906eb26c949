"""Judging a log while it grows finds what judging it as a whole does."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.events import decode_line
from debugger.analysis.findings import Finding
from debugger.analysis.judge import judge
from debugger.analysis.online import Online
from debugger.analysis.rules import load_rules
from debugger.log import EventLog
from tests.analysis.order_events import Told
from tests.support.examples import tried

RACES = sorted(Path("docs/races").glob("*.jsonl"))
TODAY = dt.date(2026, 1, 1)
RULES = load_rules()


def standing() -> int:
    return 0


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines()


def grown(lines: list[bytes], pieces: list[int], *, live: bool = False) -> Online:
    """All of them, so many at a time, judged after each."""
    log = EventLog()
    online = Online(log, RULES, TODAY, live=live)
    places = [*sorted({piece % len(lines) for piece in pieces} - {0}), len(lines)]
    for start, stop in zip([0, *places], places, strict=False):
        log.append_many(lines[start:stop], [decode_line(line) for line in lines[start:stop]])
        while online.advance(standing, 0):
            online.findings()
    return online


def judge_to_the_end(online: Online) -> None:
    while online.advance(standing, 0):
        pass


def races(findings: tuple[Finding, ...]) -> list[Finding]:
    return [one for one in findings if one.rule == "order-race"]


def told(findings: tuple[Finding, ...]) -> list[tuple[object, ...]]:
    return [
        (one.rule, one.verdict, one.severity, one.message, one.row, one.rows, one.fingerprint)
        for one in findings
    ]


def whole(lines: list[bytes]) -> list[tuple[object, ...]]:
    log = EventLog()
    log.append_many(lines, [decode_line(line) for line in lines])
    rules = {rule.id for rule in RULES.rules} | {"order-race", "lost-update"}
    return told(tuple(one for one in judge(log, RULES, TODAY).findings if one.rule in rules))


@pytest.mark.parametrize("path", RACES, ids=lambda path: path.stem)
def test_the_same_is_found_piece_by_piece(path: Path) -> None:
    lines = lines_of(path)
    online = grown(lines, list(range(0, len(lines), 37)))
    online.finish()
    assert told(online.findings()) == whole(lines)


@tried(5)
@given(st.lists(st.integers(0, 10_000), max_size=12), st.sampled_from(RACES))
def test_however_it_came(pieces: list[int], path: Path) -> None:
    lines = lines_of(path)
    online = grown(lines, pieces)
    online.finish()
    assert told(online.findings()) == whole(lines)


def test_what_waits_is_told_only_when_nothing_more_is_expected() -> None:
    """The recording stops in the middle of a turn: pending at its end, and no finding while it is live."""
    lines = lines_of(Path("docs/races/unanswered-request.jsonl"))[:200]
    live = grown(lines, [50], live=True)
    live.finish()
    assert not [one for one in live.findings() if "pending" in one.message]
    online = grown(lines, [50])
    assert not [one for one in online.findings() if "pending" in one.message]
    online.finish()
    assert [one for one in online.findings() if "pending" in one.message]


def test_what_comes_after_the_end_is_judged_all_the_same() -> None:
    lines = lines_of(Path("docs/races/worker-overlap.jsonl"))
    log = EventLog()
    online = Online(log, RULES, TODAY)
    for start, stop in ((0, 300), (300, len(lines))):
        log.append_many(lines[start:stop], [decode_line(line) for line in lines[start:stop]])
        while online.advance(standing, 0):
            pass
        online.finish()
    assert told(online.findings()) == whole(lines)


def test_mailboxes_that_turn_out_not_to_be_ordered_are_heeded_in_the_end() -> None:
    """Two handlers overlap late: what only the mailbox kept apart before is a race after all."""
    told_of = Told()
    publishes = [told_of.publish("a", session_id="s") for _ in range(3)]
    for number, (task, publish) in enumerate(zip("xyz", publishes, strict=True)):
        told_of.receive(task, publish, session_id="s")
        told_of.work(task, component="shared", component_state={"owner": number}, session_id="s")
        if task == "x":
            told_of.handled(task, session_id="s")
    log = told_of.log
    online = Online(log, RULES, TODAY)
    judge_to_the_end(online)
    before = online.findings()
    assert not online.finish()
    assert online.findings() is before
    judge_to_the_end(online)
    assert online.finish()
    rules = {rule.id for rule in RULES.rules} | {"order-race", "lost-update"}
    expected = told(tuple(one for one in judge(log, RULES, TODAY).findings if one.rule in rules))
    assert told(online.findings()) == expected
    assert len(races(online.findings())) > len(races(before))


def test_a_finding_is_the_same_value_for_as_long_as_it_is() -> None:
    """Whoever shows them ten times a second compares by identity."""
    online = grown(lines_of(RACES[0]), [])
    assert online.findings() is online.findings()
