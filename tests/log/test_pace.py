"""Millions of rows are looked at bit by bit: as many at once as fit, and no longer than allowed."""

from __future__ import annotations

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from debugger.log.pace import Pace


class Work:
    """A clock that goes on by what is done."""

    def __init__(self, ns_a_row: int) -> None:
        self.now = 0
        self.ns_a_row = ns_a_row

    def __call__(self) -> int:
        return self.now

    def do(self, rows: int) -> None:
        self.now += rows * self.ns_a_row


@given(ns_a_row=st.integers(1, 5_000), budget=st.integers(0, 100_000_000))
def test_no_piece_is_begun_that_would_exceed_the_budget(ns_a_row: int, budget: int) -> None:
    """But the first one: something is done each time. A piece may cost twice the one before it."""
    work, pace = Work(ns_a_row), Pace(512, 1 << 20)
    for _ in range(5):
        began, first = work.now, 0
        for rows in pace.pieces(work, budget):
            first = first or rows * ns_a_row
            work.do(rows)
        assert first <= work.now - began <= max(first, 2 * budget)


def test_pieces_grow_while_they_are_quick_and_shrink_when_they_are_not() -> None:
    """Within their bounds, and the size is kept for the next time."""
    work, pace = Work(1_000), Pace(512, 8_192, fast_ns=4_000_000)
    sizes = []
    for rows in islice(pace.pieces(work, 10**12), 9):
        sizes.append(rows)
        work.do(rows)
    assert sizes == [512, 1024, 2048, 4096, 2048, 4096, 2048, 4096, 2048]
    assert next(iter(pace.pieces(work, 1))) in {2048, 4096}
    for rows in islice(Pace(512, 8_192).pieces(lambda: 0, 1), 20):
        assert 512 <= rows <= 8_192


def test_a_clock_that_stands_lets_all_be_done() -> None:
    """For who can wait."""
    assert len(list(islice(Pace(1, 4).pieces(lambda: 0, 1), 1_000))) == 1_000
