"""What the status line is made of."""

from __future__ import annotations

from typing import NamedTuple

from rich.style import Style


class Part(NamedTuple):
    """A piece of the line; those of the lowest ``weight`` go first when room is short.

    ``short`` says the same in less room, for where only the weightiest are left. ``right`` parts stand
    at the right end.
    """

    text: str
    style: Style
    weight: int
    short: str = ""
    right: bool = False
