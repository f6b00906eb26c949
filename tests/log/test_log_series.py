"""Counted texts are found like a dict finds them, whatever their order, and cost next to nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from debugger.log.compact import CompactInterner
from debugger.log.series import NOWHERE, Series, numbers_after
from debugger.log.textindex import TextIndex, listed
from tests.support.examples import tried

HEADS = ("app-", "app-1", "", "a\nb", "b", "Ü/t", "e0")


@st.composite
def counted(draw: st.DrawFn) -> list[str]:
    """Ids of some producers: in order, with jumps, backwards, twice, padded, or no count at all."""
    texts: list[str] = []
    for _ in range(draw(st.integers(1, 6))):
        head, count = draw(st.sampled_from(HEADS)), draw(st.integers(0, 300))
        for _ in range(draw(st.integers(1, 40))):
            texts.append(f"{head}{count}")
            count = max(0, count + draw(st.sampled_from((1, 1, 1, 1, 2, -1, 0, 9999))))
    odd = st.sampled_from(
        ("app-007", "app-", "app-+5", "app-1_0", "app-٣", "app- 5", "app-1,2", "\n", "", "x")
    )
    huge = st.sampled_from(
        ("app-4294967295", "app-4294967296", "app-18446744073709551617", "app-1" + "0" * 40)
    )
    texts += draw(st.lists(st.one_of(odd, huge, st.text(max_size=4)), max_size=8))
    return draw(st.permutations(texts)) if draw(st.booleans()) else texts


@tried(60)
@given(counted(), st.integers(1, 90), st.integers(1, 3))
def test_a_text_is_found_where_a_dict_has_it(texts: list[str], step: int, apart: int) -> None:
    """At one of its rows if it came more often; what never came is nowhere, however like it looks."""
    index = TextIndex()
    rows: dict[str, set[int]] = {}
    for start in range(0, len(texts), step):
        part = texts[start : start + step]
        index.add(listed(part), np.arange(start, start + len(part)) * apart)
        for at, text in enumerate(part, start):
            rows.setdefault(text, set()).add(at * apart)
    for size in (len(texts), 1):
        for start in range(0, len(texts), size):
            asked = texts[start : start + size]
            for text, row in zip(asked, index.find_all(listed(asked)).tolist(), strict=True):
                assert row in rows[text]
    strangers = {f"{text}{more}" for text in texts for more in ("0", "x", "\n")} - set(texts)
    for stranger in strangers:
        assert index.find(stranger) is None


@tried(60)
@given(st.sampled_from(HEADS), st.lists(st.integers(-3, 2**70), min_size=1, max_size=20), st.data())
def test_a_count_is_read_only_where_it_is_written_as_one(
    head: str, counts: list[int], data: st.DataObject
) -> None:
    """What is read gives the text back; one odd text among the others makes it nothing."""
    texts = [f"{head}{count}" for count in counts]
    if data.draw(st.booleans()):
        texts[data.draw(st.integers(0, len(texts) - 1))] = data.draw(st.text(max_size=6))
    read = numbers_after(head, texts)
    if read is not None:
        assert [f"{head}{count}" for count in read.tolist()] == texts
    elif "\n" not in head:
        good = [
            text == f"{head}{count}" and 0 <= count < 2**32 for text, count in zip(texts, counts, strict=True)
        ]
        assert not all(good)


@pytest.mark.parametrize("step", [1, 2])
def test_a_million_ids_of_one_source_cost_nothing(step: int) -> None:
    """Alone in their file they are one stretch; between those of another, 4 bytes each."""
    series = Series()
    for start in range(0, 1_000_000, 1000):
        numbers = np.arange(start + 1, start + 1001)
        assert series.add(numbers, numbers * step) is None
    assert series._stretches == (1 if step == 1 else 1000)
    assert sum(table.nbytes for table in series._tables) == (0 if step == 1 else 4_000_000)
    asked = np.array([1, 500_000, 1_000_000, 0, 1_000_001])
    assert series.find_all(asked).tolist() == [step, 500_000 * step, 1_000_000 * step, NOWHERE, NOWHERE]


@tried(20)
@given(counted(), st.integers(1, 60))
def test_compact_names_keep_their_numbers_when_they_are_packed(texts: list[str], step: int) -> None:
    """A name has one number for ever, which gives it back; numbers have no holes."""
    interner = CompactInterner()
    numbers: dict[str | None, int] = {None: 0}
    for start in range(0, len(texts), step):
        part = [*texts[start : start + step], None]
        for text, number in zip(part, interner.intern_all(part, len(part)).tolist(), strict=True):
            assert numbers.setdefault(text, number) == number
        if start % 2:
            interner._known, interner._older = {None: 0}, interner._known  # as after thousands of names
    assert sorted(numbers.values()) == list(range(len(interner)))
    assert interner.names_from(0) == sorted(numbers, key=lambda text: numbers[text])
    for text, number in numbers.items():
        assert interner.id_of(text) == number
    assert interner.id_of("app-999999999") is None
