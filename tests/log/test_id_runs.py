"""Ids that are random, such as UUIDs: found at their rows, and merged bit by bit."""

from __future__ import annotations

import random
from typing import Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from debugger.log import ids, runs
from debugger.log.ids import IdIndex
from debugger.log.runs import Merge, run_of
from tests.support.examples import tried

HASHES = st.integers(-(2**63), 2**63 - 1)
BATCHES = st.lists(
    st.tuples(st.lists(st.one_of(HASHES, st.integers(-3, 30)), max_size=12), st.integers(0, 9)), max_size=40
)
KEPT: Final = 20_000


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few ids are many pieces."""
    monkeypatch.setattr(runs, "_PIECE", 3)
    monkeypatch.setattr(ids, "_AHEAD", 4)


@tried(80)
@given(BATCHES, st.integers(1, 7))
def test_an_id_is_found_at_a_row_of_its_own_that_is_not_forgotten(
    batches: list[tuple[list[int], int]], recent: int
) -> None:
    """In the middle of a merge too; ids may come again, and rows be forgotten at any time."""
    index, rows_of, size, first = IdIndex(recent), dict[int, list[int]](), 0, 0
    for hashes, gone in batches:
        index.add(hashes, range(size, size + len(hashes)))
        for one in hashes:
            rows_of.setdefault(one, []).append(size)
            size += 1
        if gone > 6:
            first = min(first + gone, size)
            index.forget(first)
        asked = [*rows_of, 77]
        for one, row in zip(asked, index.find_all(asked), strict=True):
            known = [at for at in rows_of.get(one, []) if at >= first]
            assert row in known if known else row == -1


@given(st.lists(HASHES, min_size=1), st.lists(HASHES, min_size=1), st.integers(0, 40), st.integers(1, 9))
def test_two_runs_merged_in_pieces_are_those_sorted_at_once(
    ones: list[int], others: list[int], first: int, step: int
) -> None:
    """Without the rows that are forgotten."""
    rows = np.arange(len(ones) + len(others))
    one = run_of(np.array(ones, np.int64), rows[: len(ones)])
    other = run_of(np.array(others, np.int64), rows[len(ones) :])
    merge = Merge(one, other)
    while not merge.step(step, first):
        pass
    made = merge.result(first)
    known = [(told, row) for row, told in enumerate([*ones, *others]) if row >= first]
    assert sorted(zip(made.hashes.tolist(), made.rows.tolist(), strict=True)) == sorted(known)
    assert made.hashes.tolist() == sorted(made.hashes.tolist())


def test_no_batch_waits_for_more_than_its_share_and_nothing_heaps_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are: a merge of millions at once is a second in which nothing is painted."""
    most, noise, taken = 50, random.Random(4), [0]
    take = Merge._take

    def counted(merge: Merge, counts: list[int], first: int) -> None:
        taken[0] += sum(counts)
        take(merge, counts, first)

    monkeypatch.setattr(Merge, "_take", counted)
    monkeypatch.setattr(ids, "_AHEAD", 16)
    monkeypatch.setattr(runs, "_PIECE", 64)
    index = IdIndex(recent=200)
    for start in range(0, 3 * KEPT, most):
        taken[0] = 0
        index.add([noise.getrandbits(62) for _ in range(most)], range(start, start + most))
        assert taken[0] <= 16 * most + 2 * 64
        if start > KEPT and start % 1_000 == 0:
            index.forget(start - KEPT)
        assert len(index._runs) < 16
        assert len(index) < 3 * KEPT


def test_ids_that_come_seldom_go_with_their_rows() -> None:
    """Though a generation never has as many as it holds: at most twice as many stay as are known."""
    index, known = IdIndex(), 5_000
    for row in range(0, 100_000, 50):
        index.add([row], [row])
        if row > known and row % 500 == 0:
            index.forget(row - known)
            assert len(index) <= 2 * (known + 500) // 50
            assert index.find_all([row - known - 50, row - known, row]) == [-1, row - known, row]
