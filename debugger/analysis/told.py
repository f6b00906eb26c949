"""The story of a finding, as plain values: whoever shows it need not have found it."""

from __future__ import annotations

from msgspec import Struct


class Step(Struct, frozen=True):
    """An event of a causal history, and the rule that puts it after the one before (none within a task)."""

    row: int
    by: str = ""


class Story(Struct, frozen=True):
    """The causal histories of A and B, the oldest step first, from where they parted; and the explanation.

    Of a finding with one event there is but that of B; of one whose rows are forgotten nothing is. Where the
    order of the two says nothing there are the histories alone, each from its beginning.
    ``missing`` is the edge that would order the two, in words; ``missing_rows`` are its ends. ``pages`` are
    the lines of the explanation, each set for a width.
    """

    first: tuple[Step, ...] = ()
    second: tuple[Step, ...] = ()
    missing: str = ""
    missing_rows: tuple[int, ...] = ()
    pages: tuple[tuple[int, tuple[str, ...]], ...] = ()

    def lines(self, width: int) -> tuple[str, ...]:
        """The explanation for so many cells: the widest page that fits, else the narrowest."""
        if not self.pages:
            return ()
        fitting = [lines for cells, lines in self.pages if cells <= width]
        return fitting[-1] if fitting else self.pages[0][1]
