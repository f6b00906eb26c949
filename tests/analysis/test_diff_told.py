"""What a comparison says of differences that were made on purpose."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from backend.events import decode_line
from debugger.analysis.diff import SCHEMA, StoppedError, TurnDifference, compare, to_json
from debugger.analysis.diff.increasing import disordered, longest_increasing
from tests.analysis.altered import changed, diff_of, lines_of, log_of, place_of, swapped, without
from tests.support.voicelog import base_lines


def only(turns: Sequence[TurnDifference]) -> TurnDifference:
    """The turn that differs."""
    (turn,) = [turn for turn in turns if turn.differences or turn.lesser]
    return turn


def test_a_message_that_was_never_sent_is_missing_with_all_it_caused() -> None:
    """It is the first divergence, with the way that led to it; what it caused is counted, not listed."""
    lines = lines_of(1)
    chosen = place_of(lines, "message_published", "PROCESS_USER_INPUT", session_id="s1", turn=2)
    report = diff_of(lines, without(lines, chosen)).report()
    turn = only(report.turns)
    assert (turn.session_a, turn.number, turn.status) == ("s1", 2, "differs")
    (missing,) = turn.missing
    assert missing.event.row == chosen
    assert missing.events == len(lines) - report.b.events
    assert missing.path[-1] == "overseer gets COMPLETE_TRANSCRIPT"
    first = report.first
    assert first is not None
    assert (first.kind, first.a, first.b) == ("missing", missing.event, None)
    assert first.about == "only in a: overseer sends PROCESS_USER_INPUT"
    assert not report.equal


def test_two_deliveries_in_the_other_order_are_a_race_and_nothing_else() -> None:
    """The pair is told, what came first in the good run first; neither is missing or extra."""
    lines = lines_of(2, 3, 1)
    first = place_of(lines, "message_received", "TEXT_CHUNK", component="text_queue_manager")
    second = place_of(lines, "message_received", "REQUEST_NEXT_CHUNK", component="text_queue_manager")
    first, second = sorted((first, second))
    report = diff_of(lines, swapped(lines, first, second)).report()
    counts: dict[str, int] = {}
    for turn in report.turns:
        for name, count in turn.counts.items():
            counts[name] = counts.get(name, 0) + count
    assert not counts.keys() & {"missing", "extra", "causes", "streams"}
    races = [move for turn in report.turns for move in turn.order if move.races]
    kinds = {(move.one.a.message_type, move.other.a.message_type) for move in races}
    wanted = tuple(json.loads(lines[place])["message_type"] for place in (first, second))
    assert wanted in kinds
    told = next(move for move in races if (move.one.a.message_type, move.other.a.message_type) == wanted)
    assert (told.one.a.row, told.other.a.row) == (first, second)
    assert told.one.b.row > told.other.b.row
    assert report.first is not None
    assert report.first.kind == "order"


def test_a_stream_with_fewer_pieces_is_one_line() -> None:
    """Tokens less are told as a number; where the runs part is there only because nothing else differs."""
    lines = list(lines_of(1))
    for _ in range(4):
        chosen = max(
            place
            for place, line in enumerate(lines)
            if b'"LLM_RAW_CHUNK"' in line and b'"turn":2' in line and b'"session_id":"s1"' in line
        )
        del lines[chosen]
    report = diff_of(lines_of(1), lines).report()
    turn = only(report.turns)
    (stream,) = turn.streams
    assert (stream.component, stream.message_type) == ("llm_orchestrator", "LLM_RAW_CHUNK")
    assert stream.count_a - stream.count_b == stream.events == 4
    assert (turn.missing, turn.differences, turn.lesser) == ((), 0, 1)
    assert not report.equal
    assert report.first is not None
    assert (report.first.kind, report.first.a) == ("missing", stream.first)


@pytest.mark.parametrize(
    ("field", "value", "kind", "told"),
    [
        ("outcome", "error", "payload", "outcome"),
        ("severity", "error", "severity", "severity"),
        ("state", "IDLE", "state", "state"),
    ],
)
def test_a_value_that_matters_is_told_once(field: str, value: str, kind: str, told: str) -> None:
    """With its path and both values; it is where the recordings part."""
    lines = lines_of(1)
    chosen = place_of(lines, "message_handled", "COMPLETE_TRANSCRIPT", component="overseer", turn=1)

    def change(event: dict[str, Any]) -> None:
        part = {"outcome": "data", "state": "component_state"}.get(field)
        (event if part is None else event[part])[field] = value

    report = diff_of(lines, changed(lines, chosen, change)).report()
    (found,) = only(report.turns).values
    assert (found.kind, found.field, found.b, found.count, found.matters) == (kind, told, value, 1, True)
    assert found.pair.a.row == chosen
    assert report.first is not None
    assert (report.first.kind, report.first.a) == (kind, found.pair.a)


def test_ids_times_texts_and_numbers_are_no_difference_of_structure() -> None:
    """Two runs never agree in them; numbers are told, but do not count."""
    lines = lines_of(1)
    chosen = place_of(lines, "message_handled", "TEXT_CHUNK", component="text_queue_manager", turn=1)

    def change(event: dict[str, Any]) -> None:
        event["component_state"] |= {
            "backlog": 77,
            "stream_id": "other",
            "last_text": "hello",
            "seen_at": 12,
            "elapsed_ms": 3,
            "load": 0.5,
        }
        event["data"] |= {"duration_us": 99, "request_id": "r-1", "text": "other"}
        event["timestamp_ns"] += 5

    report = diff_of(lines, changed(lines, chosen, change)).report()
    assert report.equal
    assert report.differences == 0
    assert report.first is None
    values = [value for turn in report.turns for value in turn.values]
    assert [(value.field, value.b, value.matters) for value in values] == [("backlog", 77, False)]


def test_the_wait_that_got_longer_is_told() -> None:
    """By the step in which it was lost, not by all that came later in consequence."""
    lines = lines_of(1, 1, 1)
    begin = place_of(lines, "message_published", "PROCESS_USER_INPUT")
    slower = []
    for place, line in enumerate(lines):
        event = json.loads(line)
        event["timestamp_ns"] += 400_000_000 if place >= begin else 0
        slower.append(json.dumps(event).encode())
    report = diff_of(lines, slower).report()
    assert report.equal
    waits = [wait for turn in report.turns for wait in turn.latencies]
    assert waits[0].pair.a.message_type == "PROCESS_USER_INPUT"
    assert waits[0].step_delta_ns == 400_000_000
    assert all(wait.step_delta_ns == 400_000_000 for wait in waits)


def test_something_else_caused_it() -> None:
    """The same step, found although it hangs elsewhere; what really led to it is told."""
    lines = lines_of(1)
    chosen = place_of(lines, "message_published", "BEGIN_AI_TURN", session_id="s1", turn=1)
    speech = json.loads(lines[place_of(lines, "message_published", "COMPLETE_TRANSCRIPT", session_id="s1")])
    report = diff_of(
        lines, changed(lines, chosen, lambda event: event.update(cause=speech["id"], task="x/t1"))
    ).report()
    turn = only(report.turns)
    (found,) = turn.causes
    assert found.pair.a.row == chosen
    assert found.cause_a is not None
    assert found.cause_b is not None
    assert (found.cause_a.event_type, found.cause_b.event_type) == ("message_received", "message_published")
    assert not turn.counts.keys() & {"missing", "extra"}
    assert report.first is not None
    assert report.first.kind == "cause"


def test_sessions_of_other_names_are_paired_in_their_order() -> None:
    """The runs of two days have other session ids."""
    lines = lines_of(1)
    other = [line.replace(b'"s1"', b'"x9"').replace(b'"s2"', b'"x10"') for line in lines]
    report = diff_of(lines, other).report()
    assert report.matched == len(lines)
    assert {(turn.session_a, turn.session_b) for turn in report.turns} == {
        (None, None),
        ("s1", "x9"),
        ("s2", "x10"),
    }


def test_a_turn_that_one_does_not_have_is_told_as_such() -> None:
    """Not line by line."""
    report = diff_of(lines_of(1, 2), lines_of(1, 2)[:40]).report()
    assert {turn.status for turn in report.turns} >= {"only_a"}
    whole = next(turn for turn in report.turns if turn.status == "only_a")
    assert whole.events_b == 0
    assert whole.differences == whole.counts["missing"]


def test_what_could_not_be_compared_is_said() -> None:
    """Lost events, causes that are not there, and logs that tell no causes."""
    lines = lines_of(1)
    chosen = place_of(lines, "message_received", "COMPLETE_TRANSCRIPT", component="overseer")
    notes = diff_of(lines, [*lines[:chosen], *lines[chosen + 1 :]]).report().notes
    assert any("1 events are missing by their seq" in note for note in notes)
    assert any("events name a cause that is not there" in note for note in notes)
    base = base_lines([decode_line(line) for line in lines]).splitlines()
    report = diff_of(lines, base).report()
    assert report.alignment == "flat"
    assert report.matched == len(lines)
    assert any("no causes" in note for note in report.notes)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([], []),
        ([], lines_of(1)[:1]),
        (lines_of(1)[:1], []),
        (lines_of(1)[:1], lines_of(1)[:1]),
        (lines_of(1), []),
        ([], lines_of(1)),
    ],
)
def test_as_little_as_can_be(a: list[bytes], b: list[bytes]) -> None:
    """Nothing against nothing, and against something."""
    report = diff_of(a, b).report()
    assert report.equal == (list(a) == list(b))
    assert (report.a.events, report.b.events) == (len(a), len(b))
    assert json.loads(json.dumps(to_json(report)))["schema"] == SCHEMA


def hostile(count: int = 400) -> list[bytes]:
    """Events that cause themselves and each other, at no time of this world, with names of all kinds."""
    lines = []
    for number in range(count):
        event = {
            "timestamp": 1e300 if number % 7 else -1e300,
            "event_type": ["message_published", "weird\x1b[31m", "state_change"][number % 3],
            "component": f"c{number % 50}\u202e",
            "message_type": None if number % 5 else "[red]X",
            "session_id": "s\n1",
            "turn": [None, -5, 2**40, 0][number % 4],
            "id": f"e{number % 90}",
            "cause": f"e{(number * 13) % 100}",
            "data": {"outcome": [number % 2], "status": 1e400 if number == 3 else "x"},
            "component_state": {"state": {"deep": [[[]]]}, "a1": "\u0007", "n": 2**70},
        }
        lines.append(json.dumps(event).replace("Infinity", "1e999").encode())
    return lines


def test_hostile_logs_are_compared_like_any() -> None:
    """Cycles of causes, ids that come twice, times beyond all bounds, values of wrong types."""
    lines = hostile()
    same = diff_of(lines, lines).report()
    assert same.equal
    report = diff_of(lines, list(reversed(lines))).report()
    assert sum(turn.events_a for turn in report.turns) == len(lines)
    assert report.a.late_causes > 0
    json.dumps(to_json(report), allow_nan=False)


def test_ten_thousand_components_are_compared() -> None:
    """One event each; the last is missing."""
    event = '{{"timestamp":1.0,"event_type":"system","component":"c{}","turn":1,"session_id":"s"}}'
    lines = [event.format(number).encode() for number in range(10_000)]
    report = diff_of(lines, lines[:-1]).report()
    assert (report.matched, report.differences) == (9_999, 1)
    assert report.a.components_only_here == ("c9999",)


def test_it_can_be_stopped_and_says_how_far_it_is() -> None:
    """Shares that grow to one; a stop ends it at the next of them."""
    a, b = log_of(lines_of(1)), log_of(lines_of(2))
    shares: list[float] = []
    compare(a, b, on_progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    with pytest.raises(StoppedError):
        compare(a, b, should_stop=lambda: True)


def test_the_longest_increasing_run_is_kept() -> None:
    """Against all subsequences of short ones."""
    for seed in range(60):
        values = np.random.default_rng(seed).permutation(7).tolist()
        kept = [values[place] for place in longest_increasing(values)]
        assert kept == sorted(kept)
        subsets = ([value for bit, value in enumerate(values) if mask >> bit & 1] for mask in range(1 << 7))
        assert len(kept) == max(len(one) for one in subsets if one == sorted(one))
    assert disordered(np.array([0, 2, 1, 3, 5, 4])) == [slice(1, 3), slice(4, 6)]
