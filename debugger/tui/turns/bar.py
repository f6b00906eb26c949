"""A turn's stages as a bar: letters and shades, so that it reads without colour too."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate
from typing import Final

from rich.segment import Segment

from debugger.tui.palette import ink
from debugger.tui.turns.model import STAGES

SPARKS: Final = "▁▂▃▄▅▆▇█"
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
CUT: Final = "▸"
NOTHING: Final = "·"


def stacked(
    stages: Iterable[tuple[str, int]], width: int, scale_ns: int, *, dim: bool = False
) -> list[Segment]:
    """Stages side by side, ``width`` cells for ``scale_ns``; what is longer is cut, visibly."""
    names, durations = [], []
    for name, duration in stages:
        names.append(name)
        durations.append(duration)
    ends = [min(round(end * width / max(scale_ns, 1)), width) for end in accumulate(durations)]
    cells, drawn = [], 0
    for name, end in zip(names, ends, strict=True):
        if end > drawn:
            look = STAGES[name]
            style = ink.dimmer if dim else ink.families[look.family]
            cells.append(Segment(look.letter + look.block * (end - drawn - 1), style))
            drawn = end
    if sum(durations) > scale_ns and cells:
        last = cells.pop()
        cells.append(Segment(last.text[:-1], last.style))
        cells.append(Segment(CUT, ink.warn))
    return [*cells, Segment(" " * (width - drawn))]


def waterfall(begin_ns: int, duration_ns: int, whole_ns: int, width: int, name: str) -> list[Segment]:
    """One stage where it is in time: at least one cell, in ``width`` cells for ``whole_ns``."""
    whole = max(whole_ns, 1)
    begin = min(begin_ns * width // whole, max(width - 1, 0))
    end = min(max(-(-(begin_ns + duration_ns) * width // whole), begin + 1), width)
    look = STAGES[name]
    block = look.block if look.block != " " else "█"
    return [Segment(" " * begin), Segment(block * (end - begin), ink.families[look.family])]


def horizontal(value: int, most: int, width: int) -> str:
    """A bar of eighths of a cell; something is never nothing."""
    eighths = value * width * 8 // max(most, 1)
    if value and not eighths:
        eighths = 1
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")


def spark(values: Iterable[int | None], most: int) -> str:
    """A sparkline from zero to `most`; a dot for what is not counted."""
    top = len(SPARKS) - 1
    return "".join(
        NOTHING if value is None else SPARKS[min(value * top // max(most, 1), top)] for value in values
    )
