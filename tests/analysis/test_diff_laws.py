"""What must hold of the comparison of any two recordings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.events import decode_line
from debugger.analysis.diff import GAP, Diff
from debugger.analysis.diff.flags import ALONE, CROSSED, MOVED
from tests.analysis.altered import diff_of, lines_of, reordered, with_effects, without
from tests.support.examples import tried
from tests.support.voicelog import base_lines

SEEDS = st.integers(1, 6)


def kinds(lines: Sequence[bytes]) -> Counter[Any]:
    found: Counter[Any] = Counter()
    for line in lines:
        event = decode_line(line)
        found[event.event_type, event.component, event.message_type, event.session_id, event.turn] += 1
    return found


def alone(diff: Diff, side: int, lines: Sequence[bytes]) -> list[bytes]:
    """The lines without a counterpart."""
    return [line for row, line in enumerate(lines) if diff.mate(side, row) is None]


@given(SEEDS)
@tried(6)
def test_a_recording_is_equal_to_itself(seed: int) -> None:
    """Nothing differs, every event is its own counterpart, and no wait is longer."""
    lines = lines_of(seed)
    diff = diff_of(lines, lines)
    report = diff.report()
    assert report.equal
    assert report.first is None
    assert (report.differences, report.lesser, report.notes) == (0, 0, ())
    assert [diff.mate(0, row) for row in range(len(lines))] == list(range(len(lines)))
    assert {turn.status for turn in report.turns} == {"equal"}
    assert not any(turn.latencies or turn.values or turn.counts for turn in report.turns)


@given(SEEDS, st.integers(0, 1000))
@tried(10)
def test_another_order_of_the_same_causes_differs_in_order_only(seed: int, shuffle: int) -> None:
    """All events have their counterpart; what changed its place is told, and nothing else."""
    lines = lines_of(seed)
    other = reordered(lines, shuffle)
    diff = diff_of(lines, other)
    report = diff.report()
    for row, line in enumerate(lines):
        mate = diff.mate(0, row)
        assert mate is not None
        assert kinds([line]) == kinds([other[mate]])
    counts: Counter[str] = sum((Counter(turn.counts) for turn in report.turns), Counter())
    assert set(counts) <= {"moved", "crossed"}
    assert report.equal == (list(lines) == other)


@given(SEEDS, st.integers(0, 1000))
@tried(10)
def test_what_moved_is_what_has_to(seed: int, shuffle: int) -> None:
    """Without what is told to have moved, the rest of each session is in the same order."""
    lines = lines_of(seed)
    diff = diff_of(lines, reordered(lines, shuffle))
    for scope in range(len(diff.scopes)):
        aligned = diff.aligned(scope)
        both = (aligned.a != GAP) & (aligned.b != GAP)
        assert (aligned.a[both][1:] > aligned.a[both][:-1]).all()
        assert (aligned.b[both][1:] > aligned.b[both][:-1]).all()
        single = aligned.flags[~both]
        assert (single & (ALONE | MOVED | CROSSED) != 0).all()


@given(SEEDS, st.data())
@tried(16)
def test_what_was_taken_out_with_its_effects_is_missing_and_no_more(seed: int, data: Any) -> None:
    """As many of each kind in each turn as were taken out; nothing extra, moved or caused otherwise."""
    lines = lines_of(seed)
    chosen = data.draw(st.integers(0, len(lines) - 1))
    gone, kept = with_effects(lines, chosen), without(lines, chosen)
    diff = diff_of(lines, kept)
    missing = alone(diff, 0, lines)
    assert kinds(missing) == kinds([lines[place] for place in gone])
    assert alone(diff, 1, kept) == []
    counts: Counter[str] = sum((Counter(turn.counts) for turn in diff.report().turns), Counter())
    assert not counts.keys() & {"extra", "moved", "crossed", "causes"}
    assert not diff.equal


@given(SEEDS, SEEDS)
@tried(6)
def test_each_is_the_others_mirror(one: int, other: int) -> None:
    """Missing here is extra there; everything else is the same with its sides changed."""
    a, b = lines_of(one, 2), lines_of(other, 3)
    there, back = diff_of(a, b), diff_of(b, a)
    assert [there.mate(0, row) for row in range(len(a))] == [back.mate(1, row) for row in range(len(a))]
    assert there.differences.tolist() == back.differences.tolist()
    assert there.lesser.tolist() == back.lesser.tolist()
    ours, theirs = there.report(), back.report()
    assert (ours.equal, ours.matched, ours.notes) == (theirs.equal, theirs.matched, theirs.notes)
    for mine, yours in zip(ours.turns, theirs.turns, strict=True):
        assert mine.counts.get("missing") == yours.counts.get("extra")
        assert len(mine.order) == len(yours.order)
        assert {(len(one.path), one.event.row, one.events) for one in mine.missing} == {
            (len(one.path), one.event.row, one.events) for one in yours.extra
        }
        assert {(one.kind, one.pair.a.component, one.field, one.matters) for one in mine.values} == {
            (one.kind, one.pair.a.component, one.field, one.matters) for one in yours.values
        }
        assert [one.delta_ns for one in mine.latencies] == [-one.delta_ns for one in yours.latencies]


@pytest.mark.parametrize("seed", [1, 2])
def test_logs_without_causes_are_compared_by_counting(seed: int) -> None:
    """The base format is equal to itself, and one that lost an event misses one."""
    events = [decode_line(line) for line in lines_of(seed)]
    lines = base_lines(events).splitlines()
    same = diff_of(lines, lines).report()
    assert same.equal
    assert same.alignment == "flat"
    assert "no causes" in same.notes[0]
    lost = next(place for place, event in enumerate(events) if event.message_type == "AUDIO_OUTPUT_COMPLETE")
    report = diff_of(lines, [*lines[:lost], *lines[lost + 1 :]]).report()
    assert report.first is not None
    assert (report.first.kind, report.differences) == ("missing", 1)
    assert report.first.a is not None
    assert report.first.a.message_type == "AUDIO_OUTPUT_COMPLETE"
