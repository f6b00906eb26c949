"""What is wrong with a query."""

from __future__ import annotations


class QueryError(ValueError):
    """A query that means nothing: what is wrong, at which character from 0, and what was perhaps meant."""

    def __init__(self, message: str, position: int, suggestion: str | None = None) -> None:
        hint = f"; did you mean {suggestion!r}?" if suggestion else ""
        super().__init__(message + hint)
        self.message = message
        self.position = position
        self.suggestion = suggestion
