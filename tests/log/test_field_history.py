"""When a field of a state changed, against a naive walk over the log."""

from __future__ import annotations

import json
from pathlib import Path as FilePath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.events import decode_line
from debugger.log import MISSING, Change, EventLog, FieldSearch, Path, last_change, next_change, value_at
from debugger.log import history as field_history
from debugger.log.fields import same
from debugger.log.origin import origin
from debugger.sources.file import open_recordings
from tests.support.voicelog import voice_lines

Row = tuple[str, str | None, dict[str, Any] | None, str]

KEYS = ("a", "b", 'q"uote', "back\\slash", "tab\t", "é", "\u202e", "", "…", "0")
SESSIONS = (None, "s1", "s2")
COMPONENTS = ("overseer", "tts", "[red]x[/nope]")

leaves = st.one_of(
    st.none(), st.booleans(), st.integers(0, 2), st.sampled_from((0.0, 1.0, 2.5)), st.sampled_from(("", "x"))
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=2),
    max_leaves=4,
)
states = st.dictionaries(st.sampled_from(KEYS), values, max_size=3)
rows = st.lists(
    st.tuples(
        st.sampled_from(COMPONENTS),
        st.sampled_from(SESSIONS),
        st.none() | states,
        st.sampled_from(("state_change", "state_read", "message_received", "weird")),
    ),
    max_size=40,
)
paths = st.lists(st.sampled_from(KEYS) | st.integers(0, 2), max_size=3).map(tuple)


def line_of(row: Row, number: int, *, spaced: bool = False) -> bytes:
    component, session, state, kind = row
    event: dict[str, Any] = {
        "timestamp": 1.0 + number,
        "event_type": kind,
        "component": component,
        "session_id": session,
        "data": {"component_state": {"a": number}, "text": '"component_state":{"a":1}'},
    }
    if state is not None:
        event["component_state"] = state
    return json.dumps(event, separators=None if spaced else (",", ":"), ensure_ascii=spaced).encode()


def log_of(some: list[Row], **more: Any) -> EventLog:
    """Every other line is written in another style: the values are the same."""
    log = EventLog(**more)
    lines = [line_of(row, number, spaced=number % 2 == 1) for number, row in enumerate(some)]
    log.append_many(lines, [decode_line(line) for line in lines])
    return log


def naive(some: list[Row], component: str, session: str | None, path: Path) -> list[Change]:
    """All changes, oldest first: every snapshot against the one before it."""
    changes, before = [], -1
    old: Any = MISSING
    for number, (who, where, state, kind) in enumerate(some):
        if (who, where) != (component, session) or not state or kind == "state_read":
            continue
        new = value_at(state, path)
        if not same(old, new):
            told = "changed"
            if old is MISSING:
                told = "first" if before < 0 else "appeared"
            elif new is MISSING:
                told = "vanished"
            changes.append(Change(told, number, before, old, new))  # type: ignore[arg-type]
        before, old = number, new
    return changes


def looks_like(found: list[Change], expected: list[Change]) -> bool:
    return [(one.kind, one.row, repr(one.old), repr(one.new)) for one in found] == [
        (one.kind, one.row, repr(one.old), repr(one.new)) for one in expected
    ]


@given(rows, paths, st.data())
def test_changes_of_a_field_are_those_of_a_naive_walk(some: list[Row], path: Path, data: Any) -> None:
    """The last one, the next one and all of them, from any row, whatever the keys and values are."""
    component, session = data.draw(st.sampled_from(COMPONENTS)), data.draw(st.sampled_from(SESSIONS))
    if data.draw(st.booleans()) and some:  # a path that is there
        state = some[data.draw(st.integers(0, len(some) - 1))][2] or {}
        path = tuple(list(state)[:1])
    at = data.draw(st.integers(-1, max(len(some), 0)))
    log = log_of(some)
    every = naive(some, component, session, path)
    until, after = [one for one in every if one.row <= at], [one for one in every if one.row > at]
    last, following = (find(log, component, session, path, at) for find in (last_change, next_change))
    assert looks_like([last] if last else [], until[-1:])
    assert looks_like([following] if following else [], after[:1])
    assert looks_like(field_history(log, component, session, path, at), every[::-1])
    for number in (1, 2):
        near = field_history(log, component, session, path, at, number)
        assert looks_like(near, [*after[:number][::-1], *until[-number:][::-1]])


def test_numbers_of_other_types_are_other_values_and_another_style_is_none() -> None:
    """1, 1.0 and true differ, as they do on the screen; spaces and the order of keys do not count."""
    states: list[Any] = [{"a": 1}, {"a": 1.0}, {"a": True}, {"a": {"x": 1, "y": [1, 2]}}]
    lines = [line_of(("c", None, state, "state_change"), number) for number, state in enumerate(states)]
    lines.append(lines[-1].replace(b'{"x":1,"y":[1,2]}', b'{ "y" : [1, 2], "x": 1 }'))
    log = EventLog()
    log.append_many(lines, [decode_line(line) for line in lines])
    assert [one.row for one in field_history(log, "c", None, ("a",), 4)] == [3, 2, 1, 0]


def test_a_search_goes_on_where_it_stopped_and_tells_how_far_it_is() -> None:
    """A clock that runs makes it stop after each batch; in the end it has found the same."""
    some: list[Row] = [("c", None, {"still": 1, "n": number}, "state_change") for number in range(3_000)]
    log, ticks = log_of(some), iter(range(1, 1_000_000, 1_000))
    search = FieldSearch(log, "c", None, ("still",), 2_999)
    parts, steps = [0.0], 0
    while not search.advance(lambda: next(ticks), 10):
        parts.append(search.progress)
        steps += 1
    assert steps > 3
    assert parts == sorted(parts)
    assert search.progress == 1.0
    assert search.looked == 3_000
    assert [one.kind for one in search.changes] == ["first"]


def test_a_full_search_goes_on_when_asked_for_more() -> None:
    """Each change is found once; at the beginning there is no more."""
    some: list[Row] = [("c", None, {"n": number}, "state_change") for number in range(100)]
    search = FieldSearch(log_of(some), "c", None, ("n",), 99, limit=30)
    sizes = []
    for _ in range(6):
        search.advance(lambda: 0, 1)
        sizes.append((len(search.changes), search.full))
        search.more(30)
    assert sizes == [(30, True), (60, True), (90, True), (100, False), (100, False), (100, False)]
    assert [one.row for one in search.changes] == list(range(99, -1, -1))


def test_a_search_forwards_goes_on_with_what_came_in_meanwhile() -> None:
    """A live log grows: what is new is looked at, nothing twice."""
    log = log_of([("c", None, {"n": 0}, "state_change"), ("c", None, {"n": 1}, "state_change")])
    search = FieldSearch(log, "c", None, ("n",), 0, forwards=True, limit=10)
    assert search.advance(lambda: 0, 1)
    line = line_of(("c", None, {"n": 2}, "state_change"), 2)
    log.append(line, decode_line(line))
    search.more()
    assert search.advance(lambda: 0, 1)
    assert [(one.row, one.old, one.new) for one in search.changes] == [(1, 0, 1), (2, 1, 2)]


def test_a_floor_ends_a_search_below_which_all_is_known() -> None:
    """What changed above it is found; what did not is told to be as it was at the floor."""
    some: list[Row] = [("c", None, {"n": number // 10}, "state_change") for number in range(30)]
    log = log_of(some)
    still = FieldSearch(log, "c", None, ("n",), 18, floor=12)
    assert still.advance(lambda: 0, 1)
    assert still.at_floor
    assert not still.changes
    changed = FieldSearch(log, "c", None, ("n",), 23, floor=12)
    changed.advance(lambda: 0, 1)
    assert not changed.at_floor
    assert [one.row for one in changed.changes] == [20]


def test_lines_that_are_gone_are_told_and_not_passed_over() -> None:
    """The value is as old as the oldest line that is still there, at least; no older change is claimed."""
    some: list[Row] = [("c", None, {"still": 1, "n": number}, "state_change") for number in range(40_000)]
    log = EventLog(arena_bytes=1)
    for start in range(0, len(some), 1_000):
        lines = [line_of(row, start + at) for at, row in enumerate(some[start : start + 1_000])]
        log.append_many(lines, [decode_line(line) for line in lines])
    oldest = log.evicted
    assert 0 < oldest < len(some)
    last = last_change(log, "c", None, ("still",), len(some) - 1)
    assert last is not None
    assert (last.kind, last.row, last.old, last.new) == ("unknown", oldest, MISSING, 1)
    gone = last_change(log, "c", None, ("still",), 5)
    assert gone is not None
    assert (gone.kind, gone.new) == ("unknown", MISSING)
    following = next_change(log, "c", None, ("still",), 5)
    assert following is not None
    assert (following.kind, following.row) == ("unknown", oldest)
    search = FieldSearch(log, "c", None, ("still",), len(some) - 1, limit=1)
    search.advance(lambda: 0, 1)
    search.more(5)
    assert search.done
    assert len(search.changes) == 1


def test_a_file_that_was_cut_is_told(tmp_path: FilePath) -> None:
    """Lines behind the cut cannot be read: the change is unknown, nothing is raised."""
    path = tmp_path / "talk.jsonl"
    path.write_bytes(
        b"".join(line_of(("c", None, {"n": 1}, "state_change"), number) + b"\n" for number in range(10))
    )
    log = EventLog()
    open_recordings([str(path)]).load_all(log)
    path.write_bytes(path.read_bytes()[:600])
    last = last_change(log, "c", None, ("n",), 9)
    assert last is not None
    assert last.kind == "unknown"


def test_huge_values_are_not_all_held() -> None:
    """A history of a field of a megabyte stops by its size, and goes on when asked."""
    some: list[Row] = [
        ("c", None, {"big": "x" * 1_000_000 + str(number)}, "state_change") for number in range(24)
    ]
    search = FieldSearch(log_of(some), "c", None, ("big",), 23, limit=1_000)
    search.advance(lambda: 0, 1)
    early = search.full
    assert early
    assert 4 < len(search.changes) < 20
    while search.full:
        search.more(1_000)
        search.advance(lambda: 0, 1)
    assert len(search.changes) == 24


@pytest.mark.parametrize("row", [-1, 0, 7])
def test_nothing_is_found_where_nothing_is(row: int) -> None:
    """An empty log, an unknown component, another session, a path that is nowhere."""
    assert last_change(EventLog(), "c", None, ("a",), row) is None
    assert next_change(EventLog(), "c", None, ("a",), row) is None
    log = log_of([("c", "s1", {"a": [1]}, "state_change")])
    for component, session, path in (
        ("d", "s1", ()),
        ("c", None, ()),
        ("c", "s1", ("a", "x")),
        ("c", "s1", ("b",)),
    ):
        assert field_history(log, component, session, path, row) == []


def test_who_changed_a_state_is_the_message_that_was_handled() -> None:
    """Through its causes, also from a spawned task; the publisher is who sent that message."""
    lines = voice_lines(3, turns=2, sessions=1, barge_in=0).splitlines()
    log = EventLog()
    log.append_many(lines, [decode_line(line) for line in lines])
    changes = [
        row
        for row in range(len(log))
        if log.header(row).event_type == "state_change" and log.header(row).component == "overseer"
    ]
    told = [(who.message, who.publisher) for who in (origin(log, row) for row in changes[:3])]
    assert told == [
        ("STT_USER_STARTED_SPEAKING", "user_session"),
        ("COMPLETE_TRANSCRIPT", "user_session"),
        ("TTS_BOT_STARTED_SPEAKING", "audio_output"),
    ]
    in_task = next(row for row in range(len(log)) if log.header(row).event_type == "task_finished")
    assert origin(log, in_task).message == "PROCESS_USER_INPUT"
    assert origin(log, 0).receive is None


def test_without_causes_who_changed_a_state_is_a_guess_that_says_so() -> None:
    """The component's nearest receive in the session, unless that was handled before."""

    def line(kind: str, message: str | None, session: str | None = "s1") -> bytes:
        event = {"timestamp": 1.0, "event_type": kind, "component": "c", "message_type": message}
        return json.dumps(event | {"session_id": session, "component_state": {"a": 1}}).encode()

    lines = [
        line("message_received", "ASK"),
        line("message_received", "OTHER", "s2"),
        line("state_change", None),
        line("message_handled", "ASK"),
        line("state_change", None),
        line("state_change", None, None),
    ]
    log = EventLog()
    log.append_many(lines, [decode_line(one) for one in lines])
    told = [(who.message, who.receive, who.guessed) for who in (origin(log, row) for row in range(6))]
    assert told[2] == ("ASK", 0, True)
    assert [one[1] for one in told[4:]] == [None, None]
