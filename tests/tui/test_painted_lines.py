"""Lines that were painted go when others take their place, without a search for garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from rich.segment import Segment
from textual.strip import Strip

from debugger.tui.strips import paint_without_cycles
from tests.tui.interface import app_with, conversation


@pytest.fixture(autouse=True)
def _no_collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is garbage stays until it is asked for. What is painted with is as before afterwards."""
    monkeypatch.setattr(Strip, "divide", Strip.divide)
    monkeypatch.setattr(Segment, "_split_cells", Segment._split_cells)
    paint_without_cycles()
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("cuts", [[], [3], [5], [2, 5], [5, 9], [2, 3, 5, 9]])
def test_a_line_is_cut_as_ever_and_leaves_nothing_behind(cuts: list[int]) -> None:
    """Whole, in parts, and beyond its end; asked twice, it tells the same."""
    line = Strip([Segment("ab"), Segment("cde")])
    for _ in range(2):
        ends = [cut for cut in cuts if cut <= len(line.text)]
        parts = [line.text[start:end] for start, end in zip([0, *ends], ends, strict=False)]
        assert [part.text for part in line.divide(cuts)] == parts
    del line
    assert gc.collect() == 0


async def test_a_screen_that_is_painted_again_and_again_leaves_no_lines_behind() -> None:
    """Whatever moves on it."""
    async with app_with(conversation(40)).run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        gc.collect()
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            for key in ("g", "j", "j", "pagedown", "G", "k", "2", "l", "4", "j", "3"):
                await pilot.press(key)
                await pilot.pause()
            gc.collect()
            assert not [one for one in gc.garbage if isinstance(one, Strip)]
        finally:
            gc.set_debug(0)
            gc.garbage.clear()


def segments() -> int:
    """How many pieces of lines there are."""
    return sum(type(one) is Segment for one in gc.get_objects())


def test_few_of_the_pieces_that_a_line_was_cut_into_are_remembered() -> None:
    """However many have been painted; cut they are as ever."""
    pieces = [Segment(f"piece {number} 漢") for number in range(3_000)]
    before = segments()
    for piece in pieces:
        left, right = piece.split_cells(6)
        assert (left.text, left.text + right.text) == ("piece ", piece.text)
    assert segments() - before <= 2 * 1_024
