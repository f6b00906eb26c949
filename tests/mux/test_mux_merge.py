"""Events of many producers as one order: each once, none before its cause."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.events import Event, encode_event
from backend.mux.envelope import About, PoisonedError, opened, sealed
from backend.mux.merge import HOLD_SECONDS, Merge, Run


def line(
    source: str | None, seq: int | None, cause: str | None = None, name: str | None = None, at: float = 1.0
) -> bytes:
    named = name or (f"{source}-{seq}" if source is not None and seq is not None else None)
    return encode_event(Event(at, "system", "c", id=named, source=source, seq=seq, cause=cause))


def ids(runs: Sequence[Run]) -> list[str]:
    return [msgspec.json.decode(one)["id"] for run in runs for one in run.lines]


def test_consecutive_events_of_a_source_are_one_run() -> None:
    """A hole begins another: whoever takes runs can tell what is missing."""
    merge = Merge()
    merge.put("1", [line("a", 1), line("a", 2), line("b", 7), line("a", 3), line("a", 5)], 0)
    runs = merge.take(0)
    assert [(run.source, run.first_seq, len(run.lines)) for run in runs] == [
        ("a", 1, 2),
        ("b", 7, 1),
        ("a", 3, 1),
        ("a", 5, 1),
    ]


def test_what_was_published_twice_is_taken_once() -> None:
    """A producer that heard no acknowledgement publishes again; of events without numbers the id counts."""
    merge = Merge()
    bare = line(None, None, name="x")
    merge.put("1", [line("a", 1), line("a", 2), bare], 0)
    merge.put("2", [line("a", 1), line("a", 2), line("a", 3), bare], 0)
    assert ids(merge.take(0)) == ["a-1", "a-2", "x", "a-3"]
    assert merge.repeated == 3


def test_a_receive_waits_for_its_publish_and_what_follows_it_waits_too() -> None:
    """Others pass; the moment the publish is there, all goes on."""
    merge = Merge()
    merge.put("1", [line("b", 1), line("b", 2, cause="a-5"), line("b", 3)], 0)
    merge.put("2", [line("c", 1)], 0)
    assert ids(merge.take(0)) == ["b-1", "c-1"]
    assert merge.position == ""  # of the first entry something waits
    merge.put("3", [line("a", 4), line("a", 5)], 0.1)
    assert ids(merge.take(0.1)) == ["a-4", "a-5", "b-2", "b-3"]
    assert (merge.position, merge.held, merge.late) == ("3", 0, 0)


def test_an_effect_whose_cause_never_comes_waits_for_a_bounded_time() -> None:
    """It is counted, and what came behind it does not wait anew."""
    merge = Merge()
    merge.put("1", [line("b", 1, cause="lost-1"), line("b", 2, cause="gone-2")], 10.0)
    assert merge.take(10.0) == []
    assert merge.waits_until() == 10.0 + HOLD_SECONDS
    assert ids(merge.take(10.0 + HOLD_SECONDS)) == ["b-1", "b-2"]
    assert (merge.late, merge.position, merge.waits_until()) == (2, "1", None)


def test_a_program_that_publishes_nothing_here_delays_nobody_twice() -> None:
    """It was waited for once. When it turns up after all, its messages are waited for as others'."""
    merge = Merge()
    merge.put("1", [line("b", 1, cause="outside-1")], 0)
    assert merge.take(0.1) == []
    assert ids(merge.take(HOLD_SECONDS)) == ["b-1"]
    merge.put("2", [line("b", 2, cause="outside-2")], 2)
    assert ids(merge.take(2)) == ["b-2"]
    merge.put("3", [line("outside", 3), line("b", 3, cause="outside-4")], 3)
    assert ids(merge.take(3)) == ["outside-3"]
    assert merge.late == 1


def test_a_source_that_begins_again_under_its_name_is_no_repetition() -> None:
    """A program that names itself, run twice: its second first event is another moment's."""
    merge = Merge()
    merge.put("1", [line("app", 1, at=1.0), line("app", 2)], 0)
    merge.put("2", [line("app", 1, at=2.0), line("app", 2, at=2.0)], 0)
    assert [run.first_seq for run in merge.take(0)] == [1, 1]


def test_a_line_that_is_no_event_is_counted_and_the_rest_is_taken() -> None:
    """One bad line does not poison the entry."""
    merge = Merge()
    latin = line("a", 2).replace(b'"system"', b'"caf\xe9"')
    wrong = line("a", 2).replace(b'"data":{}', b'"data":[]')
    merge.put("1", [line("a", 1), b"{torn", b"[]", b'{"event_type": 3}', latin, wrong, line("a", 2)], 0)
    assert ids(merge.take(0)) == ["a-1", "a-2"]
    assert merge.broken == 5


def test_numbers_and_names_that_are_none_are_passed_on_without_being_remembered() -> None:
    """A seq below 1, a source of a million letters: events of nobody in particular."""
    merge = Merge()
    digits = line("d", None, cause="a-" + "9" * 10_000, name="d-" + "9" * 10_000)
    odd = [
        digits,
        line("a", 0),
        line("a", -5),
        line("x" * 1_000_000, 1),
        line(None, None, name="y" * 1_000_000),
    ]
    merge.put("1", [*odd, line("a", 1)], 0)
    runs = merge.take(HOLD_SECONDS)
    assert [(run.source, len(run.lines)) for run in runs] == [("", 4), ("a", 1), ("", 1)]


@settings(max_examples=60)
@given(st.data())
def test_however_entries_cross_each_event_comes_once_after_its_cause(data: st.DataObject) -> None:
    """Three producers that answer each other; their entries in any order that keeps each one's own."""
    made: dict[str, list[bytes]] = {"a": [], "b": [], "c": []}
    so_far: list[str] = []
    for source in data.draw(st.lists(st.sampled_from("abc"), max_size=30)):
        cause = data.draw(st.sampled_from(so_far)) if so_far else None
        seq = len(made[source]) + 1
        made[source].append(line(source, seq, cause))
        so_far.append(f"{source}-{seq}")
    merge, at_last, seen, number = Merge(), Merge(), [], 0
    left = {source: lines for source, lines in made.items() if lines}
    while left:
        source = data.draw(st.sampled_from(sorted(left)))
        size = data.draw(st.integers(1, len(left[source])))
        number += 1
        merge.put(str(number), left[source][:size], 0.0)
        at_last.put(str(number), left[source][:size], 0.0)
        if data.draw(st.booleans()):
            merge.put(f"{number} again", left[source][:size], 0.0)
        seen += [one for run in merge.take(0.0) for one in run.lines]
        left[source] = left[source][size:]
        left = {one: lines for one, lines in left.items() if lines}
    assert sorted(seen) == sorted(one for lines in made.values() for one in lines)
    place = {msgspec.json.decode(one)["id"]: at for at, one in enumerate(seen)}
    for one in seen:
        event = msgspec.json.decode(one)
        assert event["cause"] is None or place[event["cause"]] < place[event["id"]]
    assert merge.held == merge.late == 0
    # Whoever reads much at once sees the same order as who reads entry by entry.
    assert [one for run in at_last.take(0.0) for one in run.lines] == seen


ABOUT = About("run", 1, "host", "assistant", "test", 1, 2)


def test_an_entry_gives_its_lines_back_byte_for_byte() -> None:
    """With who put it there; lines of events alone are taken too."""
    lines = [b'{"event_type": "system",  "odd": 1.50}', b'{"event_type":"system"}']
    assert opened(sealed(ABOUT, lines)) == (ABOUT, lines)
    assert opened(b"\n".join(lines) + b"\n") == (None, lines)


def test_what_is_no_entry_says_why() -> None:
    """In one line, for whoever has to look at it."""
    said = {
        b"": "kept its name",
        b"\xff\xfe": "no entry of ours",
        b"who=else": "no entry of ours",
        b'{"a": 1}': "no event",
        b"[" * 100_000: "no entry of ours",
        b'{"schema": "doubletalk.entry/2"}': "doubletalk.entry/2",
        b'{"schema": "doubletalk.entry/1"}\n{}': "no entry of ours",
        b" " * ((16 << 20) + 1): "over the limit",
    }
    for payload, reason in said.items():
        with pytest.raises(PoisonedError, match=reason) as told:
            opened(payload)
        assert "\n" not in str(told.value)
