"""What the signs of the findings mean. What they are is in `model`."""

from __future__ import annotations

from debugger.tui.findings.model import ABOUT, GLYPHS, LETTERS
from debugger.tui.legend import Sign
from debugger.tui.palette import ink


def legend() -> list[Sign]:
    """The signs of the findings."""
    signs = [Sign(GLYPHS[kind], about, ink.bold) for kind, about in ABOUT.items()]
    letters = " ".join(LETTERS.values())
    return [
        *signs,
        Sign(letters, "how bad it is: an error, a warning, worth a note", ink.bold),
        Sign("▸", "before a line: the finding that the timeline draws", ink.key),
    ]
