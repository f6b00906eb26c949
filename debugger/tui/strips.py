"""Lines that are painted leave nothing behind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

from rich.segment import Segment
from textual.strip import Strip

_CUT: Final = 1_024
"""Pieces of lines, cut in two, that are remembered: some screens of them."""

_divide: Final = Strip.divide


def _divided(strip: Strip, cuts: Iterable[int]) -> Sequence[Strip]:
    """As `Strip.divide`, which of a line that is painted whole remembers that its one part is itself."""
    whole = strip.cell_length
    inner = [cut for cut in cuts if cut <= whole]
    return [strip] if inner == [whole] else _divide(strip, inner)


def paint_without_cycles() -> None:
    """Let lines go when they are painted over.

    Each holds seven caches, and itself in one of them (Textual 8.2): eighteen objects a line and some
    thousand lines a second that only a look at all objects finds. Until then it is 20 MB. And of the pieces
    that a line was cut into the last 16,384 are remembered (Rich 14): 10 MB, once as many have been painted.
    Idempotent.
    """
    Strip.divide = _divided  # type: ignore[method-assign,assignment] # there is no other door
    cut = Segment._split_cells.__func__.__wrapped__  # type: ignore[attr-defined] # noqa: SLF001 - as above
    few: Any = lru_cache(_CUT)(cut)
    Segment._split_cells = classmethod(few)  # type: ignore[assignment,method-assign] # noqa: SLF001 - as above
