"""Several live feeds are one log in which causes come first; how far their clocks are apart is told."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.events import Event, decode_line
from debugger.analysis import skew as skew_module
from debugger.analysis.findings import Findings
from debugger.analysis.skew import Skews
from debugger.log import EventLog
from debugger.sources.arrival import Keeper, arrival_of
from debugger.sources.weave import HOLD_NS, MAX_HELD, Weave
from tests.support.examples import tried

START_NS = 1_795_000_000_000_000_000


def event(event_id: str, cause: str | None = None, **more: Any) -> tuple[bytes, Event]:
    fields = {"timestamp": 1.0, "event_type": "system", "component": "x", "id": event_id, "cause": cause}
    line = json.dumps(fields | more).encode()
    return line, decode_line(line)


class Log:
    """Ids in the order in which they were appended."""

    def __init__(self, lanes: int) -> None:
        self.ids: list[str] = []
        self.weave = Weave(lanes, lambda wanted: np.isin(wanted, self.ids))

    def put(self, lane: int, *events: tuple[bytes, Event], now: int = 0) -> None:
        self.weave.put(lane, arrival_of([line for line, _ in events], [one for _, one in events]), now)
        self.take(now)

    def take(self, now: int) -> None:
        for arrival, start, stop in self.weave.take(now):
            ids = arrival.pack.part(start, stop).ids
            self.ids += [ids.at(at) for at in range(stop - start)]


def test_an_effect_waits_for_its_cause_in_another_feed() -> None:
    """And what follows it in its own feed waits with it; other feeds do not."""
    log = Log(3)
    log.put(1, event("b1", "a1"), event("b2"))
    log.put(2, event("c1"))
    assert log.ids == ["c1"]
    log.put(0, event("a1"))
    assert log.ids == ["c1", "a1", "b1", "b2"]
    assert log.weave.held == 0


def test_a_cause_that_never_comes_is_waited_for_only_so_long() -> None:
    """It may have been lost, or be of before the feed began."""
    log = Log(2)
    log.put(0, event("a1", "nobody"), now=0)
    log.take(HOLD_NS - 1)
    assert log.ids == []
    log.take(HOLD_NS)
    assert log.ids == ["a1"]
    assert log.weave.late == 1


def test_a_feed_that_waits_holds_only_so_many() -> None:
    """Beyond that the oldest goes on without its cause."""
    log = Log(2)
    log.put(0, *(event(f"a{number}", "nobody") for number in range(MAX_HELD + 3)))
    assert log.weave.held <= MAX_HELD
    assert log.ids[0] == "a0"


@tried(40)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-8, 30)), max_size=30))
def test_nothing_is_lost_and_each_feed_keeps_its_order(made: list[tuple[int, int]]) -> None:
    """Whatever names whatever as its cause: circles, unknown ones, itself."""
    log = Log(3)
    sent: list[list[str]] = [[], [], []]
    for number, (lane, cause) in enumerate(made):
        name = f"e{number}"
        sent[lane].append(name)
        log.put(lane, event(name, f"e{cause}" if cause >= 0 else None), now=number)
    log.take(len(made) + HOLD_NS)
    log.take(len(made) + 2 * HOLD_NS)
    assert sorted(log.ids) == sorted(name for names in sent for name in names)
    for names in sent:
        assert [one for one in log.ids if one in names] == names


def talk(offset_ns: int, *, both_ways: bool) -> EventLog:
    """Two programs that send each other messages which take 1 to 3 ms; b's clock is ahead by `offset_ns`."""
    lines = []
    at = START_NS
    for number in range(20):
        delay = 1_000_000 + number % 3 * 1_000_000
        pairs = [("a", "b", 0, offset_ns)] + ([("b", "a", offset_ns, 0)] if both_ways else [])
        for sender, receiver, before, after in pairs:
            lines.append(event(f"{sender}-s{number}", source=sender, timestamp_ns=at + before))
            arrives = at + delay + after
            cause = f"{sender}-s{number}"
            lines.append(event(f"{receiver}-r{number}", cause, source=receiver, timestamp_ns=arrives))
            at += 10_000_000
    log = EventLog()
    log.append_many([line for line, _ in lines], [one for _, one in lines])
    return log


@given(offset=st.integers(-50_000_000, 50_000_000), both_ways=st.booleans())
def test_the_skew_that_is_told_holds_the_true_one(offset: int, both_ways: bool) -> None:
    """Within its error where messages go both ways; as a least amount where they go one way."""
    skews = Skews(talk(offset, both_ways=both_ways))
    skews.advance()
    told = skews.all()
    for skew in told:
        true = offset if skew.ahead == "b" else -offset
        if skew.error_ns is None:
            assert 0 < skew.ns <= true
        else:
            assert abs(skew.ns - true) <= skew.error_ns
    if both_ways and abs(offset) > 2_000_000:
        assert len(told) == 1


def test_clocks_that_differ_are_among_the_findings() -> None:
    """With the amount, and that causes still hold."""
    log = talk(12_000_000, both_ways=True)
    findings = Findings(log)
    while findings.advance(lambda: 0, 1) or not findings.complete:
        pass
    told = [one for one in findings.all() if one.rule == "clock-skew"]
    assert len(told) == 1
    assert told[0].message == "the clock of b is 12.0ms ± 1.0ms ahead of that of a"


def test_that_some_clocks_are_not_compared_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is room for so many pairs; of the others nothing is told, but that."""
    monkeypatch.setattr(skew_module, "MOST_PAIRS", 2)
    log = talk(12_000_000, both_ways=True)
    findings, told = Findings(log), []
    for _ in range(2):
        while findings.advance(lambda: 0, 1) or not findings.complete:
            pass
        told.append([one.message for one in findings.all() if one.rule == "clock-skew"])
        raw, from_c = event("c-1", "a-s1", source="c", timestamp_ns=START_NS)
        log.append(raw, from_c)
    apart = "the clock of b is 12.0ms ± 1.0ms ahead of that of a"
    assert told == [[apart], [apart, "clocks of some sources are not compared: there are too many"]]


def test_one_source_has_no_skew() -> None:
    """Its own messages that seem to arrive early are its clock's jumps, not another clock."""
    lines = [
        event("a-1", source="a", timestamp_ns=2_000),
        event("a-2", "a-1", source="a", timestamp_ns=1_000),
    ]
    log = EventLog()
    log.append_many([line for line, _ in lines], [one for _, one in lines])
    skews = Skews(log)
    skews.advance()
    assert skews.all() == []


def test_lines_that_came_before_those_of_earlier_rows_are_kept_as_long_as_their_own() -> None:
    """An effect that waited was there before what it let go first; forgetting goes by rows."""
    log = EventLog(max_rows=10_000)
    events = [event(f"e{number}", data={"pad": "x" * 100}) for number in range(14_000)]
    early, late = (
        arrival_of(*zip(*events[6_000:], strict=True)),
        arrival_of(*zip(*events[:6_000], strict=True)),
    )
    waiting = Keeper(log, early)
    waiting.append(0, 1)
    Keeper(log, late).append(0, late.events)
    waiting.append(1, early.events)
    assert 1 < log.first_row < late.events
    assert log.event(log.first_row)["id"] == f"e{log.first_row - 1}"
    assert log.event(len(log) - 1)["id"] == "e13999"
