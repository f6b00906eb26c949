"""Order of logs that go on for ever: what is kept is bounded, and right."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debugger.analysis.order import Limits, Order, order_of
from debugger.analysis.order import order as order_module
from debugger.log import EventLog
from tests.analysis.order_events import Told
from tests.analysis.order_programs import Program, append
from tests.bench.order_story import Crowd
from tests.support.examples import tried


@pytest.fixture(scope="module")
def crowd() -> Crowd:
    return Crowd(3)


def known_pairs(order: Order, chance: random.Random, count: int) -> list[tuple[int, int]]:
    rows = range(order.first_row, order.looked_at)
    return [(chance.choice(rows), chance.choice(rows)) for _ in range(count)]


def test_a_log_that_forgets_keeps_the_order_of_what_it_has(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that are forgotten are refused; between the others nothing is ordered that was not."""
    monkeypatch.setattr(order_module, "_FORGET_AT_ONCE", 500)
    whole_log = crowd.log(len(crowd.events))
    whole = order_of(whole_log)
    log = EventLog(max_rows=1500)
    order = Order(log)
    chance, same = random.Random(1), 0
    for start in range(0, len(crowd.events), 400):
        append(log, told_of(crowd, start, start + 400))
        order.take(len(log))
        for before, after in known_pairs(order, chance, 60):
            answer = order.ordered(before, after)
            assert whole.ordered(before, after) or not answer
            same += answer == whole.ordered(before, after)
    assert order.first_row > 0
    assert same > 0.97 * 60 * -(-len(crowd.events) // 400)
    with pytest.raises(IndexError, match="known are"):
        order.ordered(order.first_row - 1, order.looked_at - 1)
    with pytest.raises(IndexError):
        order.segment(order.first_row - 1)


def told_of(crowd: Crowd, start: int, stop: int) -> list[dict[str, Any]]:
    fields = ("timestamp", "event_type", "component", "message_type", "session_id", "direction", "data")
    more = ("correlation_id", "id", "source", "seq", "cause", "task")
    return [{name: getattr(event, name) for name in (*fields, *more)} for event in crowd.events[start:stop]]


def test_rows_that_were_forgotten_before_they_were_looked_at_are_skipped() -> None:
    """The order begins anew with what there is."""
    log = EventLog(max_rows=2000)
    order = Order(log)
    told = Told()
    for _ in range(3000):
        told.work("a")
    append(log, told.events[:10])
    order.take(10)
    append(log, told.events[10:2500])
    append(log, told.events[2500:])
    assert log.first_row > 10
    order.take(len(log))
    assert order.first_row == log.first_row
    assert order.ordered(log.first_row, len(log) - 1)


def test_what_is_live_is_bounded_while_sessions_come_and_go(crowd: Crowd) -> None:
    """Chains are given up when their sessions end, so that a longer log has no more of them."""
    log = crowd.log(12 * len(crowd.events))
    order = Order(log, limits=Limits(idle_rows=1 << 13))
    live = []
    for again in range(12):
        order.take((again + 1) * len(crowd.events))
        live.append(order.counts.live_chains)
    assert max(live[6:]) <= 1.2 * max(live[:6])
    assert order.counts.chains > 4 * max(live)


def test_bounds_only_lose_order(crowd: Crowd) -> None:
    """With next to nothing kept events look concurrent, never ordered that are not."""
    log = crowd.log(len(crowd.events))
    whole = order_of(log)
    exact = order_of(log, limits=Limits(chains=8, clock_bytes=1, sparse=7, idle_rows=16, searches=10**6))
    poor = order_of(
        log, limits=Limits(chains=8, clock_bytes=1, searches=0, handled=2, publishers=2, stale_rows=64)
    )
    chance = random.Random(2)
    for before, after in known_pairs(whole, chance, 400):
        answer = whole.ordered(before, after)
        assert exact.ordered(before, after) == answer
        assert answer or not poor.ordered(before, after)


def test_disproved_mailboxes_are_told_and_can_be_given_up() -> None:
    """A live order says which mailboxes it was wrong about; one that knows is not."""
    told = Told()
    publishes = [told.publish("a", session_id="s") for _ in range(3)]
    for task, publish in zip("xyz", publishes, strict=True):
        told.receive(task, publish, session_id="s")
        if task == "x":
            end = told.handled(task, session_id="s")
    log = told.log
    order = Order(log)
    order.take(len(log))
    assert order.disproved == {("box", "s")}
    assert order.ordered(end, end + 1)
    better = Order(log, concurrent=order.disproved)
    better.take(len(log))
    assert better.concurrent(end, end + 1)
    assert not better.disproved
    assert order.heed()
    assert order.concurrent(end, end + 1)
    assert not order.heed()


@tried(20)
@given(seed=st.integers(0, 10**9), size=st.integers(10, 80), piece=st.integers(1, 30))
def test_a_live_order_that_heeds_is_that_of_the_whole_log(seed: int, size: int, piece: int) -> None:
    """Whenever it is heeded that mailboxes are disproved: in the end all answers are the same."""
    events = Program(seed, size).events
    log = EventLog()
    order = Order(log)
    chance = random.Random(seed)
    for start in range(0, len(events), piece):
        append(log, events[start : start + piece])
        order.take(len(log))
        if chance.random() < 0.2:
            order.heed()
    while order.heed():
        pass
    whole = order_of(log)
    assert order.disproved == whole.disproved == frozenset()
    for after in range(len(events)):
        for before in range(after):
            assert order.ordered(before, after) == whole.ordered(before, after)
