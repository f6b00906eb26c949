"""The history of a feed: what it holds, what it let go of, and where everything is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.wire.ring import Ring, Segment
from tests.wire.batches import batch


def held(ring: Ring) -> list[tuple[str, int]]:
    """Source and seq of all that is in it, by its own account of where that is."""
    found = []
    for position in range(ring.oldest, ring.end):
        segment = ring.find(position)
        found.append((segment.source, segment.first_seq + position - segment.start))
    return found


@pytest.mark.parametrize(("events", "size"), [(0, 1), (1, 0), (-1, 100)])
def test_a_ring_without_room_is_refused(events: int, size: int) -> None:
    """It could not hold the newest event."""
    with pytest.raises(ValueError, match="room for at least one event"):
        Ring(events, size)


@given(
    batches=st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 5)), max_size=40),
    bound=st.integers(1, 20),
)
def test_what_is_held_is_the_end_of_all_that_came(batches: list[tuple[str, int]], bound: int) -> None:
    """Whole batches, as many as there is room for, the newest one always."""
    ring = Ring(bound, 1 << 30)
    counts = {"a": 0, "b": 0}
    came: list[tuple[str, int]] = []
    for source, count in batches:
        ring.append(batch(source, counts[source] + 1, count))
        came += [(source, counts[source] + 1 + one) for one in range(count)]
        counts[source] += count
    here = held(ring)
    assert len(ring) == len(here)
    assert here == came[len(came) - len(here) :]
    newest = batches[-1][1] if batches else 0
    assert min(len(came), newest) <= len(here) <= max(bound, newest)
    assert {source: ring.next_seq(source) - 1 for source in counts} == counts


def test_a_ring_that_went_round_many_times_still_finds_its_events() -> None:
    """The places of what is gone are given back now and then; those of the others hold."""
    ring = Ring(10, 1 << 30)
    for seq in range(1, 5_001):
        ring.append(batch("s", seq, 1))
        assert len(ring) == min(seq, 10)
    assert held(ring) == [("s", seq) for seq in range(4_991, 5_001)]
    assert ring.position_after("s", 4_995) == ring.oldest + 5
    assert ring.seqs_from(ring.oldest + 3) == {"s": 4_994}
    assert len(ring._segments) < 2_200


def test_bytes_are_a_bound_too() -> None:
    """Of the lines, whatever their number; what is let go of is no longer counted."""
    batches = [batch("s", seq, 1) for seq in range(1, 10)]
    ring = Ring(1_000, sum(len(one.jsonl) for one in batches[4:]))
    for one in batches:
        ring.append(one)
        assert ring.bytes == sum(len(ring.find(at).jsonl) for at in range(ring.oldest, ring.end))
    assert held(ring) == [("s", seq) for seq in range(5, 10)]


@given(count=st.integers(1, 12), room=st.integers(1, 2_000))
def test_a_segment_is_cut_between_events_wherever_there_is_room(count: int, room: int) -> None:
    """From any event on, as many as fit."""
    segment = Segment(batch("s", 1, count), 0)
    lines = segment.jsonl.splitlines(keepends=True)
    offset = 0
    for index in range(count):
        fitting = max(n for n in range(count - index + 1) if sum(map(len, lines[index : index + n])) <= room)
        size = sum(map(len, lines[index : index + fitting]))
        assert segment.cut(index, offset, room) == (index + fitting, offset + size)
        offset += len(lines[index])
