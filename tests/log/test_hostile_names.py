"""A program that makes up names as it goes does not fill the memory of who watches it, and that is said."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backend.events import decode_line
from debugger.analysis.findings import Findings
from debugger.log import EventLog, names, topology
from debugger.log.compact import CompactInterner
from debugger.log.interner import LONGEST, OTHERS, Interner, bounded


def line(number: int, **more: Any) -> bytes:
    """An event whose names nobody else has."""
    fields = {
        "timestamp": 1e9 + number,
        "event_type": "message_received",
        "component": f"component-{number}-x",
        "message_type": f"M{number}X",
        "direction": f"way-{number}-x",
        "session_id": f"session-{number}-x",
        "source": f"source-{number}-x",
        "seq": 1,
        "cause": f"{number}-elsewhere",
        "id": f"{number}-here",
    }
    return json.dumps(fields | more).encode()


def fill(log: EventLog, lines: list[bytes]) -> None:
    """As a feed does."""
    for start in range(0, len(lines), 50):
        some = lines[start : start + 50]
        log.append_many(some, [decode_line(one) for one in some])


@pytest.fixture
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "MOST_NAMES", 40)
    monkeypatch.setattr(topology, "MOST", 40)


@pytest.mark.usefixtures("_few")
def test_names_beyond_the_bound_are_one_and_the_findings_say_so() -> None:
    """The first ones keep theirs, the line itself still has the true one; sessions are forgotten instead."""
    log = EventLog(max_rows=300)
    fill(log, [line(number) for number in range(400)])
    for column in ("component", "message_type", "source"):
        assert len(log.interner(column)) == 41
    assert log.header(399).component == OTHERS
    assert log.event(399)["component"] == "component-399-x"
    assert log.header(399).session_id == "session-399-x"
    assert log.id_of("component", "component-399-x") is None
    assert log.name("component", log.id_of("component", "component-5-x") or 0) == "component-5-x"
    assert len(log.topology.components) <= 41 + 1
    assert len(log.topology.edges) <= 40
    assert len(log.interner("direction")) <= 256
    assert set(log.stats.overfull) == {"component", "message_type", "source"}
    findings = Findings(log, live=True)
    while not findings.complete:
        findings.advance(lambda: 0, 1)
    told = [finding.message for finding in findings.all() if finding.rule == "too-many-names"]
    assert len(told) == 1
    for what in ("components", "message types", "sources", OTHERS):
        assert what in told[0]


def test_a_log_that_keeps_everything_keeps_all_names() -> None:
    """A recording is as large as it is."""
    log = EventLog()
    fill(log, [line(number) for number in range(400)])
    assert log.header(399).component == "component-399-x"
    assert log.stats.overfull == ()
    assert len(log.stats.sessions) == 400


@pytest.mark.usefixtures("_few")
def test_subscriptions_and_what_a_greeting_names_are_bounded() -> None:
    """Each connection may greet with others; what is given up makes room."""
    log = EventLog(max_rows=100)
    for greeting in range(20):
        told = {f"c{greeting}-{number}": [f"M{number}"] for number in range(10)}
        log.topology.add_hello({"components": [*told], "subscriptions": told})
    assert sum(map(len, log.topology.subscriptions.values())) == 40
    assert len(log.topology.components) <= 80
    assert log.topology.overfull
    log.topology.unsubscribe("c0-0", "M0")
    log.topology.subscribe("c0-0", "M1")
    assert log.topology.subscriptions["c0-0"] == ("M1",)


@pytest.mark.parametrize("table", [Interner, CompactInterner])
def test_a_long_name_is_cut_and_still_itself(table: type[Interner]) -> None:
    """A megabyte is a thousand characters and a digest: equal ones have one number, others their own."""
    interner = table()
    one, other = "x" * 1_000_000, "x" * 999_999 + "y"
    numbers = [int(interner.intern_all([text], 1)[0]) for text in (one, other, one)]
    assert numbers[0] == numbers[2] != numbers[1]
    assert interner.id_of(one) == numbers[0]
    assert interner.id_of(bounded(other)) == numbers[1]
    for number in numbers:
        assert len(interner.name(number)) <= LONGEST
    assert interner.value(numbers[0]) == bounded(one)
    assert interner.intern("x" * LONGEST) != numbers[0]
    assert interner.value(interner.intern("x" * LONGEST)) == "x" * LONGEST


def test_lines_with_long_names_are_those_that_were_read() -> None:
    """In every field that is a name; cause and effect are found by the whole id."""
    log, long = EventLog(max_rows=50), "n" * 100_000
    whole = dict.fromkeys(("component", "message_type", "session_id", "task", "correlation_id"), long)
    state = {"component_state": {"n": 1}, "event_type": "state_change"}
    fill(log, [line(0, id=long, **whole), line(1, cause=long, **whole, **state)])
    assert log.cause_row(1) == 0
    assert log.event(1)["component"] == long
    snapshot = log.state_at(long, long, 1)
    assert snapshot is not None
    assert snapshot.state == {"n": 1}
    header = log.header(1)
    assert log.state_at(header.component, header.session_id, 1) == snapshot
    assert log.neighbour(0, "task", 1) == 1


def test_random_heads_are_not_kept_for_ever() -> None:
    """Names like ``3fb1c0-1``, one of each: texts, which are forgotten, and not beginnings, which are not."""
    interner = CompactInterner()
    for number in range(2_000):
        interner.intern(f"{number:x}-worker-7")
    assert len(interner._head_names) <= 65
    interner.forget(1_990, [])
    assert len(interner._text) < 400
    assert interner.value(1_995) == f"{1_994:x}-worker-7"
