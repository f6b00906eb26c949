"""The timeline without a terminal: axis, lanes, causal order, pairing, density."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

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
from debugger.tui.timeline.blocks import BLOCK, BlockCounts, Times, codes_of
from debugger.tui.timeline.causal import causal_order, collapse
from debugger.tui.timeline.chain import causes, effects
from debugger.tui.timeline.density import count_cells, entries_of_blocks, entries_of_rows, levels
from debugger.tui.timeline.lanes import (
    By,
    choose,
    key_conditions,
    lane_keys,
    lane_of,
    ordered,
    tally,
    turn_of,
)
from debugger.tui.timeline.pairing import OPEN, activations, arrows
from debugger.tui.timeline.project import order_around
from tests.support.voicelog import VoiceLog
from tests.tui.interface import Clock, Script, conversation

_T0 = 1_795_000_000_000_000_000


def log_of(lines: list[bytes]) -> EventLog:
    log = EventLog()
    log.append_many(lines, [decode_line(line) for line in lines])
    return log


def voice_log() -> EventLog:
    return log_of([encode_event(event) for event in VoiceLog(seed=3, turns=2, sessions=2).events])


def timed(times: list[int], components: int = 5) -> EventLog:
    """Events at given ns after the start, of some components in turn; their lines are never read."""
    log = EventLog()
    kinds = ("LLM_RAW_CHUNK", "TTS_AUDIO_CHUNK", "COMPLETE_TRANSCRIPT", None)
    events = [
        Event(
            0.0,
            "system",
            f"c{number * 7 % components}",
            kinds[number % 4],
            timestamp_ns=_T0 + at,
        )
        for number, at in enumerate(times)
    ]
    if events:
        log.extend(events, 0, [0] * len(events), [0] * len(events))
    return log


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


# --- lanes ------------------------------------------------------------------------------------


def test_components_of_a_voice_assistant_come_first_then_all_as_they_appeared() -> None:
    """Whatever the order of the log."""
    script = Script()
    for name in ("zebra", "overseer", "ant", "user_session"):
        script.event("system", name)
    log = log_of(script.lines)
    keys = tally(lane_keys(log, By.COMPONENT, slice(0, 4)))[0].tolist()
    names = [lane_of(log, By.COMPONENT, key).label for key in ordered(log, By.COMPONENT, keys)]
    assert names == ["user_session", "overseer", "zebra", "ant"]


@given(st.sampled_from(list(By)), st.integers(-5, 2**31 - 1))
def test_the_key_of_a_lane_says_which_rows_are_in_it(by: By, turn: int) -> None:
    """As columns and values, for searching; a turn is one of a session."""
    script = Script()
    script.event("system", "a", turn=turn, session_id="s2", worker_id="w1", task="x/t1")
    script.event("system", "b", turn=None, session_id=None)
    log = log_of(script.lines)
    for row, key in enumerate(lane_keys(log, by, slice(0, 2)).tolist()):
        conditions = key_conditions(by, key)
        assert all(int(log.column(name)[row]) == value for name, value in conditions.items())
        if by is By.TURN and key:
            assert turn_of(key) == turn


@given(
    st.integers(0, 60),
    st.sets(st.integers(0, 59)),
    st.integers(1, 20),
    st.one_of(st.none(), st.integers(0, 70)),
    st.integers(-5, 80),
)
def test_lanes_that_do_not_fit_scroll_and_the_wanted_one_is_seen(
    count: int, busy: set[int], rows: int, wanted: int | None, first: int
) -> None:
    """Quiet ones are hidden only where there is no room for all."""
    everybody = list(range(count))
    shown = choose(everybody, frozenset(busy), rows, wanted, first)
    assert len(shown.keys) <= rows
    assert shown.quiet + len(shown.every) == count
    if count <= rows:
        assert shown.keys == tuple(everybody)
    elif wanted in everybody:
        assert wanted in shown.keys
    assert shown.keys == shown.every[shown.first : shown.first + len(shown.keys)]


def test_hostile_names_are_harmless_in_labels() -> None:
    """Markup stays text, control characters become pictures."""
    script = Script()
    script.event("system", "[red]x[/nope]\x1b[2J\u202e", session_id="[@click=app.quit]s", turn=1)
    log = log_of(script.lines)
    for by in By:
        label = lane_of(log, by, int(lane_keys(log, by, slice(0, 1))[0]), 1).label
        assert "\x1b" not in label
        assert "\u202e" not in label


# --- density ------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 10_000), max_size=300), st.integers(1, 60), st.integers(1, 400))
def test_no_event_of_a_window_is_lost_or_counted_twice(times: list[int], cells: int, cell_ns: int) -> None:
    """In whatever order they come."""
    log = timed(times)
    window = Window(_T0 + 500, cell_ns, cells)
    entries = entries_of_rows(log, By.COMPONENT, slice(0, len(log)), window)
    counts = count_cells(entries, entries.keys, cells).counts
    expected = [
        sum(1 for at in times if window.cell(_T0 + at) == cell) for cell in range(cells)
    ]  # fmt: skip
    assert counts.sum(axis=0).tolist() == (expected if len(counts) else [0] * cells)


@pytest.mark.parametrize("gap", [1, 1_000])
@pytest.mark.parametrize("cells", [1, 7, 120])
def test_counted_blocks_give_the_same_as_single_rows(gap: int, cells: int) -> None:
    """Also where a block lies in several cells, or a pause of hours between two events of one."""
    size = 9 * BLOCK + 77
    times = np.cumsum(np.where(np.arange(size) % 5_000 == 0, gap * 10_000_000, 100)).tolist()
    log = timed(times)
    moments, counted, clock = Times(log), BlockCounts(log, By.COMPONENT), Clock()
    moments.extend()
    while counted.extend(clock, 0):
        pass
    low, high = moments.ends()
    window = window_over(low + (high - low) // 5, high - (high - low) // 7, cells)
    exact = entries_of_rows(log, By.COMPONENT, slice(0, size), window)
    blocks = entries_of_blocks(log, counted, moments, window)
    assert blocks.exact
    keys = exact.keys
    assert blocks.keys.tolist() == keys.tolist()
    one, other = count_cells(exact, keys, cells), count_cells(blocks, keys, cells)
    assert one.counts.tolist() == other.counts.tolist()
    assert one.families.tolist() == other.families.tolist()


def test_what_is_not_counted_yet_is_estimated_and_said_to_be() -> None:
    """A picture comes at once; it is not called exact."""
    log = timed(list(range(0, 100 * 20 * BLOCK, 100)))
    moments = Times(log)
    moments.extend()
    window = window_over(*moments.ends(), 50)
    entries = entries_of_blocks(log, BlockCounts(log, By.COMPONENT), moments, window)
    assert not entries.exact
    assert entries.weights.sum() == pytest.approx(len(log), rel=0.01)


def test_blocks_of_ten_thousand_components_keep_the_frequent_ones() -> None:
    """Memory stays bounded; the busiest are not lost."""
    names = [0 if number % 2 else number for number in range(2 * BLOCK)]
    log = EventLog()
    events = [Event(0.0, "system", f"c{name}", timestamp_ns=_T0 + at) for at, name in enumerate(names)]
    log.extend(events, 0, [0] * len(events), [0] * len(events))
    counted = BlockCounts(log, By.COMPONENT)
    while counted.extend(Clock(), 0):
        pass
    found = counted.between(0, 2)
    busiest = int(codes_of(log, By.COMPONENT, slice(0, 1))[0])
    assert found.counts[found.codes == busiest].tolist() == [BLOCK // 2 + 1, BLOCK // 2]
    assert len(found.codes) <= 512


@given(st.lists(st.integers(0, 50_000), max_size=60), st.integers(0, 50_000), st.integers(0, 20_000))
def test_rows_of_a_stretch_of_time_are_found_though_clocks_jump(
    times: list[int], start: int, length: int
) -> None:
    """No row of it is missing."""
    log = timed(times)
    moments = Times(log)
    moments.extend()
    near = moments.near(_T0 + start, _T0 + start + length, 10**6)
    assert near is not None
    rows = set(np.arange(len(log))[near].tolist())
    assert {row for row, at in enumerate(times) if start <= at < start + length} <= rows


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=20))
def test_more_events_are_never_drawn_lower(counts: list[int]) -> None:
    """Nothing is 0, one event is seen, the most is the highest."""
    ascending = sorted(counts)
    found = levels(np.array(ascending), max(ascending)).tolist()
    assert found == sorted(found)
    assert all((height == 0) == (count == 0) for height, count in zip(found, ascending, strict=True))
    assert max(found) <= 8


def test_an_empty_log_has_no_times_and_no_rows() -> None:
    """And nothing breaks."""
    log: Any = EventLog()
    moments = Times(log)
    moments.extend()
    assert moments.ends() == (0, 0)
    assert moments.row_at(_T0) == 0
    assert len(activations(log, np.empty(0, np.int64)).starts) == 0
    assert len(arrows(log, np.empty(0, np.int64)).sources) == 0
