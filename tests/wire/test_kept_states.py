"""The latest snapshot of each component and session: taken where batches pass, bounded, exact."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from backend.events import EMPTY, Event, decode_line, encode_lines
from backend.tap.batch import Batch
from backend.wire.ring import Ring
from backend.wire.states import States, states_in_lines


def batch(first: int, *told: tuple[str, str | None, object]) -> Batch:
    """Events of a component and session, with a state or (None) without one."""
    events = [
        Event(
            1.0,
            "state_change",
            component,
            session_id=session,
            component_state=EMPTY if state is None else {"v": state},
            source="s",
            seq=seq,
        )
        for seq, (component, session, state) in enumerate(told, first)
    ]
    return Batch(tuple(events), encode_lines(events), first)


def values(kept: dict[tuple[str, str | None], object]) -> dict[tuple[str, str | None], object]:
    """What the kept events say."""
    return {key: decode_line(one.line).state()["v"] for key, one in kept.items()}  # type: ignore[attr-defined]  # Kept


_told = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from([None, "s1", "s2"]), st.none() | st.integers(0, 99)),
    min_size=1,
    max_size=6,
)


@given(st.lists(_told, max_size=30), st.integers(1, 40))
def test_states_are_those_of_now_and_of_before_the_oldest(
    batches: list[list[tuple[str, str | None, object]]], history: int
) -> None:
    """Whatever comes in whatever batches: as one that keeps everything would have it."""
    ring = Ring(history, 1 << 30)
    everything: list[tuple[str, str | None, object]] = []
    ring.states = States(most_bytes=8_000)  # cut again and again
    for told in batches:
        ring.append(batch(len(everything) + 1, *told))
        everything += told

    def stands(until: int) -> dict[tuple[str, str | None], object]:
        return {(name, session): state for name, session, state in everything[:until] if state is not None}

    assert values(ring.states.now) == stands(len(everything))  # type: ignore[arg-type]  # see values
    assert values(ring.states.before) == stands(ring.oldest)  # type: ignore[arg-type]  # as above


def test_what_is_kept_is_bounded_and_the_latest_stay() -> None:
    """More components than are kept: those that changed last are, and the others are counted."""
    ring = Ring(10, 1 << 30)
    ring.states = States(most=3)
    for number in range(100):
        ring.append(batch(number + 1, (f"c{number}", None, number), ("always", None, number)))
    assert [key[0] for key in ring.states.now] == ["c98", "c99", "always"]
    assert ring.states.omitted == 98
    assert len(ring.states.before) <= 3


def test_snapshots_of_batches_that_are_gone_hold_only_themselves() -> None:
    """Large batches: what is kept of them is as large as the states, not as they were."""
    ring = Ring(1, 1 << 30)
    ring.states = States(most_bytes=2_000)
    for number in range(50):
        ring.append(batch(number + 1, (f"c{number}", None, "x" * 100)))
    held = sum(len(one.line) for one in ring.states.before.values())
    assert held <= 2 * 2_000 + 400
    assert ring.states.omitted > 0


def test_lines_of_others_are_read_as_far_as_they_can() -> None:
    """Spaces, null, odd types, what was only read: a snapshot is what has something in it."""
    rows = [
        {"event_type": "state_change", "component": "a", "component_state": {"v": 1}},
        {"event_type": "state_read", "component": "a", "component_state": {"v": 2}},
        {"event_type": "state_change", "component": "b", "component_state": None},
        {"event_type": "state_change", "component": "c", "component_state": {}},
        {"event_type": "state_change", "component": 7, "component_state": {"v": 3}},
        {"event_type": "state_change", "component": "d", "session_id": "s", "component_state": {"v": 4}},
    ]
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    assert states_in_lines(lines) == {("a", None): 0, ("d", "s"): 5}
    assert states_in_lines(b"{torn\n") == {}


def test_nothing_is_overlooked_where_most_say_nothing() -> None:
    """One state among many without, however it is written; words in a payload are none."""
    plain = Event(1.0, "system", "a", data={"text": '"component_state":{"v":1}', "component_state": {}})
    lines = encode_lines([plain] * 5)
    assert states_in_lines(lines) == {}
    for state in (
        b'"component_state":{"v":1}',
        b'"component_state": {"v":1}',
        b'"component_state" : {"v":1}',
    ):
        odd = b'{"timestamp":1.0,"event_type":"state_change","component":"b",' + state + b"}\n"
        assert states_in_lines(lines + odd) == {("b", None): 5}
