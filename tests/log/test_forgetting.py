"""A log that forgets answers what is asked of known rows as one does that forgets nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backend.events import decode_line
from debugger.log import GONE, EventLog, compile_query
from debugger.log.columns import FORGOTTEN, INTERNED, NONE
from debugger.log.counts import Counts
from debugger.log.hunt import Equals, nearest
from tests.support.examples import tried

COMPONENTS = ("overseer", "tts_orchestrator", "audio")
TYPES = ("message_published", "message_received", "message_handled", "state_change", "state_read", "error")
MESSAGES = (None, "TTS_AUDIO_CHUNK", "LLM_EVENT")
COLUMNS = (*("timestamp_ns", "mono_ns", "seq", "turn", "family", "severity", "direction", "store", "length"),)


@st.composite
def grown_logs(draw: st.DrawFn) -> list[bytes]:
    """Lines with names that come, go and come again, causes near and far, clocks that jump."""
    count = draw(st.integers(1, 90))
    counted = draw(st.booleans())
    second = 0
    lines = []
    for number in range(count):
        second += draw(st.sampled_from((0, 1, 1, 2, -7)))
        name = f"s-{number // 9}" if counted else draw(st.sampled_from(("s1", "s2", f"odd {number // 20}")))
        lines.append(
            json.dumps(
                {
                    "timestamp": 1e9 + second,
                    "mono_ns": draw(st.sampled_from((None, number))),
                    "event_type": draw(st.sampled_from(TYPES)),
                    "component": draw(st.sampled_from(COMPONENTS)),
                    "message_type": draw(st.sampled_from(MESSAGES)),
                    "session_id": draw(st.sampled_from((None, name, "always"))),
                    "turn": draw(st.sampled_from((None, 0, number // 12))),
                    "correlation_id": draw(st.sampled_from((None, f"{name}_{number // 12}_X"))),
                    "task": draw(st.sampled_from((f"task-{number // 2}", f"{number:x}-task", "main"))),
                    "severity": draw(st.sampled_from(("info", "error"))),
                    "data": {"n": number},
                    "component_state": draw(st.sampled_from(({}, {"n": number}, {"n": 1}))),
                    "seq": draw(st.sampled_from((None, number, 7))),
                    "source": draw(st.sampled_from(("one", "two"))),
                    "id": f"e-{number}" if counted else f"{number:x}.id",
                    "cause": draw(
                        st.sampled_from(
                            (
                                None,
                                "nowhere",
                                *(f"e-{number - back}" for back in (1, 2, 5, 30)),
                                f"e-{number + 2}",
                            )
                        )
                    ),
                }
            ).encode()
        )
    return lines


class Both(NamedTuple):
    """The same log with a bound and without, as of some row."""

    short: EventLog
    long: EventLog

    @property
    def first(self) -> int:
        return self.short.first_row

    @property
    def known(self) -> range:
        return range(self.first, len(self.long))


def growing(lines: list[bytes], bound: int, step: int, times: int = 3) -> Iterator[Both]:
    """The two as they grow, so many times on the way, and at the end."""
    both = Both(EventLog(max_rows=bound), EventLog())
    shown = max(len(lines) // (times * step), 1)
    for number, start in enumerate(range(0, len(lines), step)):
        some = lines[start : start + step]
        for log in both:
            log.append_many(some, [decode_line(line) for line in some])
        if number % shown == shown - 1 or start + step >= len(lines):
            yield both


growths = st.tuples(grown_logs(), st.integers(1, 30), st.integers(1, 13))


def still(row: int | None, first: int) -> int | None:
    """What is left of an answer when rows below `first` are gone."""
    return row if row is not None and row >= first else None


@tried(20)
@given(growths)
def test_the_newest_rows_are_known_and_no_others(growth: tuple[list[bytes], int, int]) -> None:
    """As many as the bound says, at least; a known row has all it had, under the number it had."""
    lines, bound, step = growth
    for both in growing(lines, bound, step):
        short, long, first = both.short, both.long, both.first
        assert len(short) == len(long)
        assert len(both.known) >= min(bound, len(long))
        assert len(both.known) <= bound + max(bound // 64, 1) + step
        assert short.stats.forgotten == first
        assert short.stats.events == len(long)
        for name in COLUMNS:
            assert np.array_equal(short.column(name)[first:], long.column(name)[first:])
            assert name == "mono_ns" or not short.column(name)[:first].any()
        for name in INTERNED:
            mine, theirs = (log.column(name)[first:].tolist() for log in both)
            assert [short.name(name, one) for one in mine] == [long.name(name, one) for one in theirs]
            assert [short.id_of(name, short.interner(name).value(one)) for one in mine] == mine
        for row in both.known:
            assert short.raw(row) == long.raw(row)
            assert short.event(row) == long.event(row)
            assert short.summary(row) == long.summary(row)


@tried(20)
@given(growths)
def test_causes_that_are_forgotten_are_none_and_all_others_hold(growth: tuple[list[bytes], int, int]) -> None:
    """Cause, effects and id lead to the same rows, and to none that is forgotten."""
    for both in growing(*growth):
        short, long, first = both.short, both.long, both.first
        causes, known = short.column("cause_row"), long.column("cause_row")
        for row in both.known:
            assert short.cause_row(row) == still(long.cause_row(row), first)
            assert short.effect_rows(row) == [one for one in long.effect_rows(row) if one >= first]
            assert (causes[row] == NONE) == (known[row] == NONE)
            assert causes[row] != FORGOTTEN or 0 <= known[row] < first
        for row in range(len(long)):
            name = long.header(row).id or ""
            assert short.find_id(name) == still(long.find_id(name), first)


@tried(20)
@given(growths, st.data())
def test_neighbours_times_and_seqs_are_found_among_known_rows(
    growth: tuple[list[bytes], int, int], data: st.DataObject
) -> None:
    """Steps along a column, moments, and conditions that are hunted for, both ways."""
    for both in growing(*growth):
        short, long, first = both.short, both.long, both.first
        row = data.draw(st.sampled_from(both.known))
        for column in ("session", "turn", "task", "component", "correlation"):
            for step in (-3, -1, 1, 2):
                assert short.neighbour(row, column, step) == still(long.neighbour(row, column, step), first)
        seq = int(long.column("seq")[row])
        if seq != NONE:
            source = long.header(row).source
            found = [at for at in both.known if long.column("seq")[at] == seq]
            mine = [at for at in found if long.header(at).source == source]
            assert short.find(None, seq) == found[0]
            assert short.find(source, seq) == mine[0]
        at = int(long.column("timestamp_ns")[row]) + data.draw(st.sampled_from((-3, 0, 1))) * 1_000_000_000
        assert short.row_at_time(at) == max(long.row_at_time(at), first)
        kinds = [log.id_of("event_type", "state_change") for log in both]
        if kinds[0] is not None and kinds[1] is not None:
            for way in (-1, 1):
                found_row = nearest(long, Equals(event_type=kinds[1]), row, way)
                assert nearest(short, Equals(event_type=kinds[0]), row, way) == still(found_row, first)


@tried(20)
@given(growths, st.data())
def test_states_are_those_whose_snapshots_are_known(
    growth: tuple[list[bytes], int, int], data: st.DataObject
) -> None:
    """The last snapshot, the one before, the next ones, and who has any at all."""
    for both in growing(*growth):
        short, long, first = both.short, both.long, both.first
        row = data.draw(st.sampled_from(both.known))
        with_any = set()
        for component in COMPONENTS:
            sessions = []
            for session in long.state_sessions(component):
                for ask in (EventLog.state_at, EventLog.previous_state):
                    there, found = ask(long, component, session, row), ask(short, component, session, row)
                    assert found == (there if there is not None and there.row >= first else None)
                for count in (-4, -1, 1, 4):
                    rows = long.snapshot_rows(component, session, row, count)
                    assert short.snapshot_rows(component, session, row, count) == [
                        one for one in rows if one >= first
                    ]
                if any(one >= first for one in long.snapshot_rows(component, session, len(long), 1)):
                    sessions.append(session)
                    with_any.add(component)
            assert sorted(map(str, short.state_sessions(component))) == sorted(map(str, sessions))
        assert set(short.state_components) == with_any


@tried(16)
@given(growths)
def test_queries_hold_for_known_rows_as_before(growth: tuple[list[bytes], int, int]) -> None:
    """Names by word, glob and pattern, numbers, payloads, text: what is forgotten never matches."""
    queries = [
        compile_query(text)
        for text in (
            "task=task-*",
            "session=always turn>0",
            "task!=main data.n>3",
            "seq=7 or severity>=error",
            "state.n=1",
            '"s-"',
            "task~/[13]-task/",
            "row>4",
        )
    ]
    for both in growing(*growth):
        for query in queries:
            wanted = query.rows(both.long)
            assert query.rows(both.short).tolist() == wanted[wanted >= both.first].tolist()


@tried(16)
@given(grown_logs(), st.integers(1, 13), st.data())
def test_counters_go_on_counting_from_the_beginning(
    lines: list[bytes], step: int, data: st.DataObject
) -> None:
    """At any known row, what was sent, received and failed since the first event there ever was."""
    counts: tuple[Counts, Counts] | None = None
    for both in growing(lines, 20, step, times=len(lines)):  # of 20, none is forgotten before it is seen
        if counts is None:
            counts = Counts(both.short, step=4), Counts(both.long, step=4)
        for one in counts:
            while not one.extend(lambda: 0, 1):
                pass
        for row in data.draw(st.lists(st.sampled_from(both.known), min_size=1, max_size=4)):
            for one in counts:
                one.move(row)
            assert [counts[0].of(name) for name in COMPONENTS] == [counts[1].of(name) for name in COMPONENTS]


def test_a_forgotten_row_says_so_and_never_breaks_anything() -> None:
    """Whoever still holds its number gets an answer without anything in it."""
    log = EventLog(max_rows=10)
    line = b'{"timestamp":1.0,"event_type":"state_change","component":"c","seq":4,"turn":1}'
    log.append_many([line] * 50, [decode_line(line)] * 50)
    assert log.first_row == 40
    assert log.raw(3) == b""
    assert log.event(3) == {GONE: "forgotten"}
    assert log.summary(3) == "(forgotten)"
    header = log.header(3)
    assert (header.row, header.event_type, header.seq, header.turn, header.evicted) == (
        3,
        "",
        None,
        None,
        True,
    )
    assert (log.cause_row(3), log.effect_rows(3), log.neighbour(3, "turn", 1)) == (None, [], None)
    assert log.state_at("c", None, 3) is None
