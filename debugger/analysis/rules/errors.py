"""What is wrong with a rules file."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from debugger.analysis.rules.locate import Place


class RulesError(ValueError):
    """A rules file that cannot be used: what is wrong, where (from 1), and what was perhaps meant."""

    def __init__(self, path: str, place: Place, message: str, suggestion: str | None = None) -> None:
        hint = f"; did you mean {suggestion!r}?" if suggestion else ""
        super().__init__(f"{path}:{place.line}:{place.column}: {message}{hint}")
        self.path = path
        self.line = place.line
        self.column = place.column
        self.message = message
        self.suggestion = suggestion


def near(name: str, known: Iterable[str]) -> str | None:
    """The known name that was perhaps meant."""
    found = difflib.get_close_matches(name[:80], list(known), 1)
    return found[0] if found else None
