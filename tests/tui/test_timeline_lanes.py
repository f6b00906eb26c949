"""The timeline without a terminal: its lanes, and how much lies in each of their cells."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.events import Event
from debugger.log import ABSENT, EventLog
from debugger.tui.timeline.axis import Window, window_over
from debugger.tui.timeline.blocks import BLOCK, BlockCounts, Times, codes_of
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
from debugger.tui.timeline.pairing import activations, arrows
from tests.tui.interface import Clock, Script
from tests.tui.timelines import log_of

_T0 = 1_795_000_000_000_000_000


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


@pytest.mark.parametrize("by", By)
def test_what_belongs_nowhere_is_the_last_lane_and_says_so(by: By) -> None:
    """Also beside components that come behind all that are known."""
    script = Script()
    more: dict[str, Any] = {"turn": 2, "worker_id": "w1", "task": "source-1/h7"}
    script.event("system", "ant", session_id="s1", **more)
    log = log_of(script.lines)
    key = int(lane_keys(log, by, slice(0, 1))[0])
    assert ordered(log, by, [ABSENT, key]) == [key, ABSENT]
    labels = {"component": "ant", "session": "s1", "turn": "s1·2", "worker": "w1", "task": "h7 ant"}
    component = log.id_of("component", "ant")
    assert component is not None
    assert lane_of(log, by, key, component).label == labels[by.value]
    assert lane_of(log, by, ABSENT).label == f"no {by.value}"


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
