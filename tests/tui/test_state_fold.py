"""The state at each moment against a fold over the log from its beginning, and lines that tell it truly."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.events import decode_line
from debugger.log import EventLog, Path, Snapshot, value_at
from debugger.log.fields import same
from debugger.tui.session import Link, Mode, Session
from debugger.tui.state.model import (
    MAX_CHILDREN,
    MAX_LINES,
    Shape,
    StateView,
    differences,
    state_view,
    view_of,
)
from debugger.tui.state.overview import OverviewBody, before_turn
from debugger.tui.state.paint import paint_line, path_text
from debugger.tui.text import safe_text
from tests.support.examples import tried
from tests.tui.interface import Clock, Script, session_with

KEYS = ("state", "a.b", 'q"uote', "back\\slash", "\t\x1b[2J", "\u202e", "", "…", "[red]x[/nope]")
COMPONENTS = ("overseer", "tts", "\u202eevil[/]")
SESSIONS = (None, "s1", "s2")

leaves = st.one_of(
    st.none(), st.booleans(), st.integers(0, 2), st.sampled_from((0.0, 1.0)), st.sampled_from(("", "x\x07"))
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=6,
)
states = st.dictionaries(st.sampled_from(KEYS), values, max_size=4)
events = st.lists(
    st.fixed_dictionaries(
        {
            "component": st.sampled_from(COMPONENTS),
            "session_id": st.sampled_from(SESSIONS),
            "event_type": st.sampled_from(("state_change", "state_read", "message_handled", "odd")),
            "component_state": st.none() | states,
        }
    ),
    min_size=1,
    max_size=30,
)


class Told(NamedTuple):
    row: int
    state: dict[str, Any]


def fold(some: list[dict[str, Any]], component: str, row: int) -> StateView:
    """What is to be seen at `row`, from the beginning on, one event after the other."""
    told: dict[str | None, list[Told]] = {}
    for number, event in enumerate(some[: row + 1]):
        if (
            event["component"] == component
            and event["component_state"]
            and event["event_type"] != "state_read"
        ):
            told.setdefault(event["session_id"], []).append(Told(number, event["component_state"]))
    if not told:
        return StateView(safe_text(component, 80))
    own = some[row]["session_id"]
    session = own if own in told else max(told, key=lambda one: told[one][-1].row)
    *earlier, now = told[session]
    before = Snapshot(*earlier[-1]) if earlier else None
    return view_of(component, session, Snapshot(*now), before, Shape())


def lines_of(some: list[dict[str, Any]]) -> list[bytes]:
    return [json.dumps({"timestamp": 1.0, "data": {}} | event).encode() for event in some]


@tried(40)
@given(events, st.integers(1, 7))
def test_stepping_there_and_back_shows_what_a_fold_over_the_log_shows(
    some: list[dict[str, Any]], step: int
) -> None:
    """Forwards to the end, backwards to the start: at each row the same state, marks and old values."""
    lines = lines_of(some)
    decoded = [decode_line(line) for line in lines]
    session = Session(Mode.REPLAY, Link("talk.jsonl"), Clock())
    for start in range(0, len(lines), step):
        session.log.append_many(lines[start : start + step], decoded[start : start + step])
    session.tick()
    seen: dict[tuple[int, str], StateView] = {}
    for move in (*(1 for _ in some), *(-1 for _ in some)):
        row = session.cursor
        for component in COMPONENTS:
            view = state_view(session.log, component, row, {})
            assert view == fold(some, component, row)
            assert seen.setdefault((row, component), view) == view
        session.step(move)
    assert session.cursor == 0
    assert len(seen) == len(some) * len(COMPONENTS)


@given(states, states)
def test_marks_tell_what_is_different_and_nothing_else(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Each line against the two states; the count is that of all fields that differ."""
    view = view_of("c", None, Snapshot(1, new), Snapshot(0, old), Shape(_AllOpen()))
    leaves: list[Path] = []
    for line in view.lines:
        was, now = value_at(old, line.path), value_at(new, line.path)
        expected = "-" if now is _MISSING else "+" if was is _MISSING else " " if same(was, now) else "~"
        assert line.mark == expected
        within = any(line.path[: len(path)] == path for path in leaves)
        if (
            line.mark != " "
            and not within
            and not (line.open and line.mark == "~" and type(was) is type(now))
        ):
            leaves.append(line.path)
    assert view.changes == len(leaves) == differences(old, new)
    only = view_of("c", None, Snapshot(1, new), Snapshot(0, old), Shape(_AllOpen(), only_changed=True))
    assert {line.path for line in only.lines} == {line.path for line in view.lines if line.mark != " "}


class _AllOpen(dict[Path, bool]):
    def get(self, key: Path, default: Any = None) -> Any:
        return True


_MISSING = value_at({}, ("x",))


def test_a_branch_with_too_many_children_is_paged_through() -> None:
    """Changed children are told even where they are not shown, and what is left out is counted."""
    script = Script()
    old = {f"k{number}": number for number in range(10_000)}
    script.event("state_change", "c", component_state={"big": old})
    script.event("state_change", "c", component_state={"big": old | {"k7000": -1, "new": 1}})
    log = session_with(script.lines).log
    folds: dict[Path, bool] = {("big",): True}
    view = state_view(log, "c", 1, folds)
    assert view.changes == 2
    assert [line.key for line in view.lines if line.mark in "+~" and line.kind != "container"] == [
        "k7000",
        "new",
    ]
    more = next(line for line in view.lines if line.kind == "more")
    assert (more.value, more.start) == ("9,801 more", MAX_CHILDREN)
    later = state_view(log, "c", 1, folds, Shape(starts={("big",): 9_900}))
    assert [line.value for line in later.lines if line.kind == "more"] == ["9,900 before"]
    assert later.lines[-1].key in {"new", "k7000"}
    assert len(state_view(log, "c", 1, folds, Shape(only_changed=True)).lines) == 3


@pytest.mark.parametrize("width", [4, 20, 38, 120])
def test_hostile_states_are_painted_in_their_place(width: int) -> None:
    """A megabyte of text, a depth of a hundred, keys that would break a terminal: bounded and harmless."""
    deep: Any = "\x1b[31m"
    for _ in range(90):
        deep = {"\u202e[@click=app.quit]": deep}
    state = {"long": "界" * 400_000, "deep": deep, **{key: key for key in KEYS}, "n": 1e308}
    script = Script()
    script.event("state_change", "c", component_state=state)
    view = state_view(session_with(script.lines).log, "c", 0, _AllOpen())
    assert len(view.lines) < MAX_LINES
    for line in view.lines:
        text = "".join(segment.text for segment in paint_line(line, width, {}))
        assert text.isprintable()
        assert "\u202e" not in text
        assert len(text) < width + 60


def test_paths_are_written_as_one_would_type_them() -> None:
    """Words with dots, places and odd keys in brackets."""
    assert path_text(("workers", "a", 0, "text")) == "workers.a[0].text"
    assert path_text(("a b", "\u202e", 'q"')).isprintable()
    assert path_text(()) == ""


def test_an_evicted_state_is_told_and_not_compared() -> None:
    """Neither is a gone state shown as empty, nor is everything new because the one before is gone."""
    log = EventLog(arena_bytes=1)
    script = Script()
    for number in range(2_000):
        script.event("state_change", "c", component_state={"n": number, "pad": "x" * 400})
    log.append_many(script.lines, [decode_line(line) for line in script.lines])
    oldest = log.evicted
    gone = state_view(log, "c", oldest - 1, {})
    assert gone.lines == ()
    assert "can no longer be read" in gone.note
    first = state_view(log, "c", oldest, {})
    assert first.changes == 0
    assert {line.mark for line in first.lines} == {" "}
    assert "nothing is compared" in first.note
    odd = Script()
    odd.event("state_change", "c", component_state={"…": "evicted"})
    assert state_view(session_with(odd.lines).log, "c", 0, {}).lines


def test_a_turn_begins_at_its_first_event_among_those_of_other_sessions() -> None:
    """Events of others and late ones of older turns between do not end it."""
    script = Script()
    turns: list[tuple[str, int | None]] = [
        *(("s1", 1), ("s1", 2), ("s2", 1), ("s1", 1), ("s1", None), ("s1", 2)),
        ("s1", None),
    ]
    for session, turn in turns:
        script.event("state_change", "c", session_id=session, turn=turn)
    log = session_with(script.lines).log
    assert [before_turn(log, row) for row in range(7)] == [-1, 0, 1, -1, 3, 0, 5]


def test_an_overview_of_ten_thousand_components_reads_only_what_is_seen() -> None:
    """Components without a state are not in it; those that cannot be read say so."""
    script = Script()
    for number in range(10_000):
        script.event("state_change", f"c{number}", component_state={"n": number})
    script.event("system", "quiet")
    session = session_with(script.lines)
    session.tick()
    session.seek(5_000)
    body = OverviewBody(session, -1, only_changed=False)
    assert body.sync(30)
    assert not body.sync(30)
    assert len(body) == 10_000
    for number in range(30):
        assert "".join(segment.text for segment in body.paint(number, 0, 80)).isprintable()
    assert len(body._entries) == 30
    later = "".join(segment.text for segment in body.paint(9_000, 0, 80))
    assert "no state yet" in later
    body.only_changed = True
    assert body.sync(30)
    assert body.chosen == "c5000"
