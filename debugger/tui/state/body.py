"""What the state pane can show: a tree, a history, an overview."""

from __future__ import annotations

from typing import Protocol

from debugger.tui.state.paint import Segments


class Body(Protocol):
    """Items, each of ``span`` lines, of which `line` is chosen.

    `sync` looks at the session and says whether something is different; `advance` goes on with what
    takes longer, for a few ms, and says whether that is done.
    """

    line: int
    span: int

    def __len__(self) -> int:
        """Items."""
        ...

    def sync(self, height: int) -> bool:
        """Look at the session; the pane has `height` lines for items."""
        ...

    def advance(self) -> bool:
        """Search on."""
        ...

    def top(self, width: int, height: int) -> list[Segments]:
        """Lines that stay above the items, in a pane of `height` lines."""
        ...

    def paint(self, number: int, part: int, width: int) -> Segments:
        """A line of an item."""
        ...

    def bottom(self, width: int) -> Segments:
        """The line below the items; nothing to say leaves it away."""
        ...

    @property
    def empty(self) -> str:
        """What is said where there is no item."""
        ...

    @property
    def copied(self) -> str:
        """What is copied from the chosen item; empty for nothing."""
        ...

    @property
    def titles(self) -> tuple[str, str]:
        """What follows the pane's name, and the border below."""
        ...
