"""Counters by component, at any row."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.events import Event, encode_event
from debugger.log import EventLog
from debugger.log.counts import MOST_COMPONENTS, Count, Counts
from tests.support.examples import tried

_KINDS = ("message_published", "message_received", "message_handled", "error", "state_change", "of_my_own")
_MESSAGES = ("LLM_RAW_CHUNK", "CHUNK_RESPONSE", "SYSTEM_ERROR", None)


def _events(seed: int, number: int, components: int = 7) -> list[Event]:
    choose = random.Random(seed)
    return [
        Event(
            float(at),
            choose.choice(_KINDS),
            f"c{choose.randrange(components)}",
            message_type=choose.choice(_MESSAGES),
            severity=choose.choice(("info", "info", "error")),
        )
        for at in range(number)
    ]


def _append(log: EventLog, events: list[Event]) -> None:
    log.append_many([encode_event(event) for event in events], events)


def _naive(log: EventLog, row: int) -> dict[str, Count]:
    sent: Counter[str] = Counter()
    received: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for one in range(row + 1):
        header = log.header(one)
        sent[header.component] += header.event_type == "message_published"
        received[header.component] += header.event_type == "message_received"
        failed[header.component] += (
            header.event_type == "error"
            or header.severity == "error"
            or (header.event_type == "message_published" and header.family.name == "ERROR")
        )
    return {name: Count(sent[name], received[name], failed[name]) for name in sent | received | failed}


def _forever() -> int:
    return 0


_moves = st.lists(
    st.one_of(
        st.tuples(st.just("move"), st.integers(-1, 10_000)),
        st.tuples(st.just("append"), st.integers(1, 90)),
        st.tuples(st.just("extend"), st.integers(0, 1)),
    ),
    min_size=1,
    max_size=12,
)


@tried(40)
@given(st.integers(0, 99), st.integers(1, 40), st.integers(200, 3000), _moves)
def test_counts_are_those_of_a_count_from_the_start(
    seed: int, step: int, limit: int, moves: list[tuple[str, int]]
) -> None:
    """In any order of moves, with rows and checkpoints added between, and however few checkpoints fit."""
    log = EventLog()
    _append(log, _events(seed, 60))
    counts = Counts(log, step=step, limit_bytes=limit)
    for what, number in moves:
        if what == "append":
            _append(log, _events(seed + len(log), number))
        elif what == "extend":
            counts.extend(_forever, number)
        else:
            row = min(number % (len(log) + 1), len(log)) - 1
            counts.move(row)
            expected = _naive(log, row)
            assert {f"c{n}": counts.of(f"c{n}") for n in range(7)} == {
                f"c{n}": expected.get(f"c{n}", Count()) for n in range(7)
            }
            assert counts.sent == sum(one.sent for one in expected.values())
        assert counts.memory <= limit


def test_memory_stays_bounded_however_long_the_log() -> None:
    """Checkpoints thin out: twice the rows do not need twice the memory, and stay spread over the log."""
    log = EventLog()
    counts = Counts(log, step=16, limit_bytes=4_000)
    for number in range(8):
        _append(log, _events(number, 700))
        while not counts.extend(_forever, 0):
            pass
    assert 0 < counts.memory <= 4_000
    assert counts.covers(len(log) - 1)


def test_looking_at_new_rows_keeps_to_its_time() -> None:
    """Out of time after one piece: the rest is looked at later, and until then not called known."""
    log = EventLog()
    _append(log, _events(1, 90_000))
    counts = Counts(log, step=1 << 14)
    now = iter(range(0, 10**9, 10**6))
    assert not counts.extend(lambda: next(now), 1)
    assert counts.covers(1 << 14)
    assert not counts.covers(89_999)
    while not counts.extend(_forever, 1):
        pass
    assert counts.covers(89_999)


@pytest.mark.parametrize("row", [-1, 0])
def test_nothing_is_counted_in_an_empty_or_new_log(row: int) -> None:
    """Of an unknown component there is nothing to count."""
    log = EventLog()
    counts = Counts(log)
    assert counts.extend(_forever, 1)
    if row >= 0:
        _append(log, [Event(0.0, "message_published", "a")])
    counts.move(row)
    assert counts.of("a").sent == row + 1
    assert counts.of("stranger") == Count()


def test_components_beyond_the_bound_are_counted_together() -> None:
    """A log of made-up component names does not fill the memory."""
    log = EventLog()
    _append(log, [Event(0.0, "message_published", f"c{n}") for n in range(MOST_COMPONENTS + 50)])
    counts = Counts(log)
    counts.move(len(log) - 1)
    assert counts.of("c5").sent == 1
    assert counts.of(f"c{MOST_COMPONENTS + 5}").sent >= 50
    assert counts.sent == len(log)
