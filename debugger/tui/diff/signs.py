"""What the marks between the two sides of a comparison mean, from the table that they are painted by."""

from __future__ import annotations

from typing import Final

from debugger.analysis.diff import flags
from debugger.tui.diff.cells import mark_of, style_of
from debugger.tui.legend import Sign

_TOLD: Final = (
    flags.MISSING,
    flags.EXTRA,
    flags.MOVED,
    flags.CROSSED,
    flags.CAUSE,
    flags.PAYLOAD,
    flags.STATE,
    flags.SEVERITY,
    flags.NUMBERS,
)


def legend() -> list[Sign]:
    """The marks."""
    return [Sign(*mark_of(one), style_of(one)) for one in _TOLD]
