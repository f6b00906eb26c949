"""The timeline without a terminal: its axis, causal order, and what belongs together."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.events import Event, decode_line, encode_event
from debugger.log import EventLog
from debugger.tui.timeline.axis import (
    SPANS,
    STEPS,
    Window,
    next_span,
    offset_label,
    ticks,
    window_of,
    window_over,
)
from debugger.tui.timeline.causal import causal_order, collapse
from debugger.tui.timeline.chain import causes, effects
from debugger.tui.timeline.lanes import By
from debugger.tui.timeline.pairing import OPEN, activations, arrows
from debugger.tui.timeline.project import order_around
from tests.support.examples import tried
from tests.support.voicelog import VoiceLog
from tests.tui.interface import Script, conversation
from tests.tui.timelines import log_of

_T0 = 1_795_000_000_000_000_000


def voice_log() -> EventLog:
    return log_of([encode_event(event) for event in VoiceLog(seed=3, turns=2, sessions=2).events])


# --- the axis ----------------------------------------------------------------------------


@given(st.integers(0, 2**62), st.integers(1, 10**13), st.integers(1, 250), st.integers(4, 30))
def test_ticks_are_in_the_window_ascending_and_apart(
    start: int, cell_ns: int, cells: int, least: int
) -> None:
    """So labels never run into each other, at any zoom."""
    found = ticks(Window(start, cell_ns, cells), least)
    places = [tick.cell for tick in found]
    assert places[0] == 0
    assert places == sorted(set(places))
    assert all(0 <= place < cells for place in places)
    assert all(after - before >= least - 1 for before, after in pairwise(places))


def test_steps_and_spans_ascend() -> None:
    """They are searched by bisection."""
    assert list(STEPS) == sorted(set(STEPS))
    assert list(SPANS) == sorted(set(SPANS))
    assert SPANS[0] == 10_000
    assert SPANS[-1] > 24 * 3_600 * 10**9


@pytest.mark.parametrize("length", sorted({*STEPS, *SPANS}))
def test_steps_and_spans_are_round(length: int) -> None:
    """A figure that people can add up, of one unit."""
    told = re.fullmatch(r"\+(\d+)(ns|µs|ms|s|min|h)", offset_label(length))
    assert told is not None
    if told[2] == "h":
        assert int(told[1]) in (1, 2, 4, 6, 8, 12, 16) or int(told[1]) % 24 == 0
    else:
        assert int(told[1]) in (1, 2, 5, 10, 15, 20, 30, 50, 100, 200, 500)


@pytest.mark.parametrize(
    ("ns", "label"),
    [
        (0, "0"),
        (250, "+250ns"),
        (250_000, "+250µs"),
        (1_500_000, "+1.5ms"),
        (2_000_000_000, "+2s"),
        (90_000_000_000, "+1min30s"),
        (5_400_000_000_000, "+1h30min"),
    ],
)
def test_times_on_the_axis_have_a_sensible_unit(ns: int, label: str) -> None:
    """From nanoseconds to hours."""
    assert offset_label(ns) == label


@given(st.integers(0, 2**61), st.sampled_from(SPANS), st.integers(1, 250), st.data())
def test_a_window_has_its_moment_in_the_cell_that_was_asked_for(
    moment: int, span: int, cells: int, data: st.DataObject
) -> None:
    """Zooming around the cursor or the mouse keeps what is there where it is."""
    cell = data.draw(st.integers(0, cells - 1))
    window = window_of(span, cells, moment, cell)
    assert window.cell(moment) == cell
    assert window.start % window.cell_ns == 0
    assert span <= window.span < span + cells + window.cell_ns


@given(st.integers(0, 2**60), st.integers(0, 2**60), st.integers(1, 300))
def test_a_window_over_two_moments_holds_both(one: int, other: int, cells: int) -> None:
    """However far they are apart."""
    first, last = sorted((one, other))
    window = window_over(first, last, cells)
    assert window.holds(first)
    assert window.holds(last)


def test_zooming_in_and_out_again_comes_back() -> None:
    """But for the ends, where it stays."""
    for span in SPANS[1:-1]:
        assert next_span(next_span(span, 1), -1) == span
        assert next_span(span, 1) < span < next_span(span, -1)
    assert next_span(SPANS[0], 1) == SPANS[0]
    assert next_span(SPANS[-1], -1) == SPANS[-1]


# --- causal order --------------------------------------------------------------------------


@tried(40)
@given(st.data())
def test_causal_order_respects_causes_and_tasks_whatever_the_rows(data: st.DataObject) -> None:
    """Rows of a merged log may be in any order: after sorting no arrow points left."""
    size = data.draw(st.integers(1, 40))
    true_order = data.draw(st.permutations(range(size)))
    place = {row: position for position, row in enumerate(true_order)}
    causes_of = np.full(size, -1, np.int64)
    for row in range(size):
        earlier = [other for other in range(size) if place[other] < place[row]]
        causes_of[row] = data.draw(st.sampled_from([-1, *earlier]))
    tasks = np.array(data.draw(st.lists(st.integers(0, 4), min_size=size, max_size=size)), np.int64)
    seqs = np.array([place[row] for row in range(size)], np.int64)
    rows = np.arange(size, dtype=np.int64)
    order = causal_order(rows, causes_of, tasks, seqs).tolist()
    assert sorted(order) == list(range(size))
    at = {row: position for position, row in enumerate(order)}
    assert all(at[int(cause)] < at[row] for row, cause in enumerate(causes_of) if cause >= 0)
    for one in range(size):
        for other in range(size):
            if tasks[one] and tasks[one] == tasks[other] and seqs[one] < seqs[other]:
                assert at[one] < at[other]


@given(st.lists(st.integers(-1, 15), min_size=1, max_size=16), st.lists(st.integers(0, 2), min_size=16))
def test_a_log_that_contradicts_itself_still_has_an_order(named: list[int], tasks: list[int]) -> None:
    """Events that cause each other, or themselves, are shown all the same."""
    rows = np.arange(len(named), dtype=np.int64)
    none = np.full(len(named), -1, np.int64)
    found = causal_order(rows, np.array(named), np.array(tasks[: len(named)]), none)
    assert sorted(found.tolist()) == rows.tolist()


def test_an_order_that_holds_already_is_kept() -> None:
    """Most logs are in causal order."""
    rows = np.arange(5, 10)
    none = np.full(5, -1, np.int64)
    assert causal_order(rows, np.array([-1, 5, 2, 6, 8]), np.zeros(5, np.int64), none) is rows


def test_runs_of_local_events_of_a_lane_are_one_step() -> None:
    """A message, or another lane, ends a run."""
    order = np.array([10, 11, 12, 13, 14, 15])
    lanes = np.array([1, 1, 1, 1, 2, 2])
    local = np.array([True, True, False, True, True, True])
    starts, steps = collapse(order, lanes, local)
    assert starts.tolist() == [0, 2, 3, 4]
    assert steps.tolist() == [0, 0, 1, 2, 3, 3]


def test_in_causal_order_every_message_goes_to_the_right() -> None:
    """Even where the clocks say otherwise."""
    script = Script()
    late = script.event("message_published", "a", "TEXT_CHUNK", timestamp_ns=_T0 + 900)
    script.event("message_received", "b", "TEXT_CHUNK", cause=late, timestamp_ns=_T0 + 100)
    log = log_of(script.lines[::-1])  # and the receive comes first in the log
    order = order_around(log, By.COMPONENT, 0)
    assert log.cause_row(0) == 1
    assert order.step(1) < order.step(0)


# --- pairing -----------------------------------------------------------------------------------


def test_each_activation_is_found_with_its_beginning_and_end() -> None:
    """Handlers by their task, spawned tasks from their spawn on."""
    log = voice_log()
    events = [log.event(row) for row in range(len(log))]
    found = activations(log, np.arange(len(log)))
    pairs = {
        (events[start]["event_type"], events[stop]["event_type"])
        for start, stop in zip(found.starts.tolist(), found.stops.tolist(), strict=True)
    }
    assert pairs == {("message_received", "message_handled"), ("task_spawned", "task_finished")}
    for start, stop, handler in zip(found.starts, found.stops, found.handler, strict=True):
        if handler:
            assert events[start]["task"] == events[stop]["task"]
        else:
            assert events[start]["data"]["child"] == events[stop]["task"]
    kinds = [event["event_type"] for event in events]
    assert len(found.starts) == kinds.count("message_handled") + kinds.count("task_finished")


def test_an_end_knows_its_beginning_far_outside_of_the_window() -> None:
    """Through its cause."""
    log = voice_log()
    handled = next(
        row for row in range(len(log)) if log.event(row)["event_type"] == "message_handled" and row > 200
    )
    found = activations(log, np.array([handled]))
    assert found.starts.tolist() == [log.cause_row(handled)]
    assert found.stops.tolist() == [handled]


def test_without_tasks_the_first_handled_goes_with_the_first_received() -> None:
    """Of the same component, message type and session; one that was never handled is no activation."""
    script = Script()
    for kind in ("received", "received", "handled", "handled", "received"):
        script.event(
            f"message_{kind}", "llm", "TEXT_CHUNK", severity="error" if kind == "handled" else "info"
        )
    script.event("message_handled", "tts", "TEXT_CHUNK")
    found = activations(log_of(script.lines), np.arange(6))
    assert set(zip(found.starts.tolist(), found.stops.tolist(), strict=True)) == {
        (0, 2), (1, 3), (OPEN, 5),
    }  # fmt: skip
    assert found.failed.sum() == 2


def test_arrows_go_from_publish_to_receive() -> None:
    """As the causes say; where there are none, by message type."""
    log = log_of(conversation())
    told = arrows(log, np.arange(len(log)))
    assert not told.guessed.any()
    ways = sorted(zip(told.sources.tolist(), told.targets.tolist(), strict=True))
    assert all(log.cause_row(target) == source for source, target in ways)
    bare = [encode_event(_bare(decode_line(line))) for line in conversation()]
    guessed = arrows(log_of(bare), np.arange(len(bare)))
    assert guessed.guessed.all()
    assert sorted(zip(guessed.sources.tolist(), guessed.targets.tolist(), strict=True)) == ways


def test_a_log_that_names_some_causes_has_arrows_of_both_kinds() -> None:
    """Those that it names, also by its first event, and behind them those that are guessed."""
    script = Script()
    named = script.event("message_published", "a", "TEXT_CHUNK")
    script.event("message_published", "a", "CACHE")
    script.event("message_received", "b", "TEXT_CHUNK", cause=named)
    script.event("message_received", "b", "CACHE")
    told = arrows(log_of(script.lines), np.arange(4))
    assert (told.sources.tolist(), told.targets.tolist()) == ([0, 1], [2, 3])
    assert told.guessed.tolist() == [False, True]


def test_what_has_not_ended_is_seen_where_it_began() -> None:
    """A handler that runs, the task that it spawned, and an end whose beginning is not there."""
    script = Script()
    script.event("message_received", "b", "TEXT_CHUNK", task="s/1")
    script.event("message_handled", "c", "TEXT_CHUNK", task="s/2")
    spawned = script.event("task_spawned", "b", task="s/1", data={"child": "s/3"})
    script.event("message_published", "b", "CACHE", task="s/3", cause=spawned)
    found = activations(log_of(script.lines), np.arange(4))
    ways = zip(found.starts.tolist(), found.stops.tolist(), found.seen.tolist(), strict=True)
    assert set(ways) == {(0, OPEN, 0), (OPEN, 1, 1), (2, OPEN, 3)}
    assert sorted(found.handler.tolist()) == [False, True, True]


def _bare(event: Event) -> Event:
    """With the base fields only."""
    return Event(
        event.timestamp,
        event.event_type,
        event.component,
        event.message_type,
        session_id=event.session_id,
        direction=event.direction,
    )


def test_the_chain_of_an_event_is_what_led_to_it_and_what_it_did() -> None:
    """Ancestors from the oldest on; effects, and what these caused."""
    script = Script()
    said = script.event("message_published", "user", "COMPLETE_TRANSCRIPT")
    heard = script.event("message_received", "overseer", "COMPLETE_TRANSCRIPT", cause=said)
    begun = script.event("message_published", "overseer", "BEGIN_AI_TURN", cause=heard)
    script.event("message_received", "llm", "BEGIN_AI_TURN", cause=begun)
    log = log_of(script.lines)
    assert causes(log, 3) == [(0, 1), (1, 2), (2, 3)]
    assert effects(log, 1) == [(1, 2), (2, 3)]
    assert effects(log, 3) == []
