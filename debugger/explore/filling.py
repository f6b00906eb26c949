"""Text of any length behind a label, in lines of a width."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Final

from debugger.report.escape import plain

_NARROWEST: Final = 40


def filled(head: str, text: str, width: int) -> Sequence[str]:
    """`text` behind `head`, its further lines below its first; no line if there is nothing to tell."""
    if not text:
        return ()
    return wrap(
        plain(text),
        max(width, _NARROWEST),
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )
