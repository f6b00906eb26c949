"""What the signs of the findings mean. What they are is in `model`."""

from __future__ import annotations

from debugger.tui.findings.model import ABOUT, GLYPHS
from debugger.tui.legend import Sign
from debugger.tui.palette import ink


def legend() -> list[Sign]:
    """The signs of the findings."""
    return [Sign(GLYPHS[kind], about, ink.bold) for kind, about in ABOUT.items()]
