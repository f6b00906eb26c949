"""Indexes that forget: what is there is found as before, what is gone is not, and what comes again is."""

from __future__ import annotations

import tracemalloc
from typing import NamedTuple

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from debugger.log.compact import CompactInterner
from debugger.log.ids import IdIndex
from debugger.log.series import NOWHERE
from debugger.log.stores import BLOCK, BlockStore
from debugger.log.textindex import TextIndex, listed
from debugger.log.waiting import Waiting
from tests.support.examples import tried


class Batch(NamedTuple):
    """Names that come together; before them, rows below ``gone`` more than so far are forgotten."""

    gone: int
    names: list[str]


NAMES = st.one_of(
    st.integers(0, 60).map(lambda count: f"task-{count}"),
    st.integers(0, 40).map(lambda count: f"other/{count}"),
    st.integers(0, 12).map(lambda count: f"{count:04x}-x"),
)
BATCHES = st.lists(st.builds(Batch, st.integers(0, 12), st.lists(NAMES, max_size=20)), max_size=16)


@tried(80)
@given(BATCHES)
def test_a_text_is_found_at_a_row_that_it_has_and_that_is_not_forgotten(batches: list[Batch]) -> None:
    """Counted or not, in a series or not, once or again and again."""
    index, rows_of, size, first = TextIndex(), dict[str, list[int]](), 0, 0
    index._others = IdIndex(recent=5)
    for gone, told in batches:
        first = min(first + gone, size)
        index.forget(first)
        names = list(dict.fromkeys(told))
        if names:
            index.add(listed(names), np.arange(size, size + len(names)))
        for name in names:
            rows_of.setdefault(name, []).append(size)
            size += 1
        asked = [*rows_of, "never-5", "task-9999"]
        found = index.find_all(listed(asked)).tolist()
        for name, row in zip(asked, found, strict=True):
            known = [one for one in rows_of.get(name, []) if one >= first]
            assert row in known if known else row == NOWHERE


@tried(80)
@given(BATCHES, st.integers(0, 3))
def test_a_name_keeps_its_number_while_a_known_row_has_it(batches: list[Batch], window: int) -> None:
    """One that is in no known row any more may go; if it comes again it is a name as any other."""
    names, column, noted = CompactInterner(), list[int](), list[tuple[int, int]]()
    names._index._others = IdIndex(recent=5)
    texts: list[str] = []
    for _, batch in batches:
        noted.append((len(column), len(names)))
        if batch:
            column += names.intern_all(batch, len(batch)).tolist()
            texts += batch
        first = max(len(column) - 10 * (window + 1), 0)
        before = max((known for row, known in noted if row <= first), default=0)
        if before > names.first:
            names.forget(before, sorted({number for number in column[first:] if number < before}))
        for number, text in zip(column[first:], texts[first:], strict=True):
            assert names.value(number) == text
            assert names.id_of(text) == number
        assert len(set(column[first:])) == len(set(texts[first:]))
        gone = set(texts[:first]) - set(texts[first:])
        assert all(names.id_of(text) is None or names.value(names.id_of(text) or 0) == text for text in gone)


def test_the_memory_of_names_is_bounded_by_those_in_use() -> None:
    """A hundred thousand names come and go; what is kept is in proportion to the last thousand."""
    names = CompactInterner()
    for start in range(0, 100_000, 1_000):
        before = len(names)
        names.intern_all(["always", *(f"{number:x}-run" for number in range(start, start + 1_000))], 1_001)
        names.forget(before, [1])
    assert names.value(1) == "always"
    assert len(names._heads) <= 2_000
    assert len(names._text) <= 40_000
    assert len(names._index._others) < 50_000


def test_waiting_effects_are_given_up_with_their_rows_and_beyond_a_bound() -> None:
    """One cause that everything names does not keep what is behind it."""
    waiting = Waiting()
    for row in range(100):
        waiting.add("e-never", row)
        waiting.add(f"x-{row}", row)
    waiting.forget(40, 10_000)
    assert len(waiting) == 120
    waiting.forget(40, 50)
    assert len(waiting) <= 50
    assert dict(waiting.take(listed(["x-99"]))) in ({}, {0: [99]})


def test_text_that_is_no_longer_needed_goes_by_the_block() -> None:
    """What comes after it stays readable."""
    store, lines = BlockStore(), 2_000
    line = b"a line of some length, again and again and again\n" * 20
    offsets = [store.put(line) for _ in range(lines)]
    before = store.resident
    store.forget(offsets[lines // 2])
    assert store.resident < before * 0.6
    assert store.read(offsets[0], len(line)) == b""
    assert store.read(offsets[lines // 2], len(line)) == line
    assert 0 < store.evicted <= lines // 2
    assert store.first_offset <= offsets[lines // 2]


def test_packed_text_takes_the_memory_that_is_counted() -> None:
    """The bound is on what is really held, not on what a compressor says of its result."""
    store, text = BlockStore(), b"a line of some length, again and again and again\n" * 20
    tracemalloc.start()
    try:
        while len(store._blocks) < 20:
            store.put(text)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < store.resident + 3 * BLOCK
