"""Lines that are painted leave no garbage behind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from textual.strip import Strip

_divide: Final = Strip.divide


def _divided(strip: Strip, cuts: Iterable[int]) -> Sequence[Strip]:
    """As `Strip.divide`, which of a line that is painted whole remembers that its one part is itself."""
    whole = strip.cell_length
    inner = [cut for cut in cuts if cut <= whole]
    return [strip] if inner == [whole] else _divide(strip, inner)


def paint_without_cycles() -> None:
    """Let lines go when they are painted over.

    Each holds seven caches, and itself in one of them (Textual 8.2): eighteen objects a line and some
    thousand lines a second that only a look at all objects finds. Until then it is 20 MB. Idempotent.
    """
    Strip.divide = _divided  # type: ignore[method-assign,assignment] # there is no other door
