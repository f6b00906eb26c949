"""What goes wrong with recordings."""

from __future__ import annotations


class SourceError(Exception):
    """Recordings that cannot be read: one line for each, saying which, why, and what to do."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
