"""What is told on stderr: a line each, harmless whatever names and reasons are in it."""

from __future__ import annotations

import sys


def tell(text: object) -> None:
    """One line of ours: what went wrong, or what is to be known."""
    note(f"doubletalk: {text}")


def note(text: object) -> None:
    """One line about data."""
    sys.stderr.write(f"{one_line(text)}\n")


def one_line(text: object) -> str:
    """Words with single spaces between them. What a terminal would act upon is escaped as in Python."""
    words = " ".join(str(text).split())
    return words if words.isprintable() else "".join(map(_shown, words))


def _shown(char: str) -> str:
    return char if char.isprintable() else char.encode("unicode_escape").decode()
