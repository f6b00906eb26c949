"""Blocks of a live log lie in memory of their own, which goes back when they go."""

from __future__ import annotations

import gc
import weakref
from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from debugger.log.slabs import SLAB, Slabs

SIZES = st.one_of(st.integers(0, 1_000), st.sampled_from([SLAB // 3, SLAB - 1, SLAB, SLAB + 1, 3 * SLAB]))


@given(sizes=st.lists(SIZES, max_size=12), kept=st.integers(1, 5))
def test_what_was_put_stays_as_it_was_while_it_is_held(sizes: list[int], kept: int) -> None:
    """Whatever came after it, and whatever went before it."""
    slabs, held = Slabs(), deque[tuple[bytes, memoryview]](maxlen=kept)
    for number, size in enumerate(sizes):
        content = bytes([number % 251 + 1]) * size
        held.append((content, slabs.put(content)))
        assert all(bytes(view) == was for was, view in held)
        assert held[-1][1].readonly


def test_a_piece_goes_back_with_the_last_of_what_is_in_it() -> None:
    """And not before; several share one."""
    slabs = Slabs()
    views = [slabs.put(b"x" * (SLAB // 4)) for _ in range(9)]
    pieces = [weakref.ref(view.obj) for view in views[::4]]
    assert len({id(view.obj) for view in views}) == 3
    del views[:3]
    gc.collect()
    assert pieces[0]() is not None
    del views[:1]
    gc.collect()
    assert [piece() is None for piece in pieces] == [True, False, False]
