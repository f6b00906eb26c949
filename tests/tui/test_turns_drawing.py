"""How turns are drawn: bars, waterfalls, histograms and sparklines."""

from __future__ import annotations

from typing import Any

from rich.segment import Segment

from debugger.analysis.turns import LatencySummary
from debugger.tui.turns.bar import horizontal, spark, stacked, waterfall
from debugger.tui.turns.detail import DETAILS, Shown, detail_lines

MS = 1_000_000


def text_of(segments: list[Segment]) -> str:
    return "".join(segment.text for segment in segments)


def test_a_bar_is_as_long_as_its_stages_and_says_where_it_was_cut() -> None:
    """Letters and shades alone tell the stages apart."""
    stages = [("transcript", 40 * MS), ("ready", 0), ("first_token", 20 * MS), ("first_audio", 20 * MS)]
    assert text_of(stacked(stages, 10, 100 * MS)) == "S▒▒▒L█A░  "
    assert text_of(stacked(stages, 8, 40 * MS)) == "S▒▒▒▒▒▒▸"
    assert text_of(stacked([], 4, 0)) == "    "


def test_a_short_stage_still_has_a_cell_in_the_waterfall() -> None:
    """Wherever it is in time, inside of the width."""
    for begin, duration in ((0, 1), (99, 1), (100, 0), (50, 50)):
        drawn = text_of(waterfall(begin, duration, 100, 10, "first_chunk"))
        assert "▓" in drawn
        assert len(drawn) <= 10


def test_small_counts_are_seen_beside_large_ones() -> None:
    """Something is never nothing, nothing never something."""
    assert horizontal(1, 1000, 10) == "▏"
    assert horizontal(0, 1000, 10) == ""
    assert horizontal(1000, 1000, 10) == "█" * 10
    assert spark([0, None, 10, 5], 10) == "▁·█▄"


def test_a_strip_without_turns_is_no_error() -> None:
    """In each of the details."""
    empty = LatencySummary(0, 0, {}, 0, *_nothing())
    for kind in DETAILS:
        assert detail_lines(Shown(kind, None, empty), 40, 6)
        assert detail_lines(Shown(kind, None, empty), 40, 0) == []


def _nothing() -> tuple[Any, Any]:
    from debugger.analysis.turns import Spread

    return Spread(0, None, None, None, None), {}
