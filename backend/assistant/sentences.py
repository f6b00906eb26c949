"""Cuts a growing text into pieces that a voice can speak on their own."""

from __future__ import annotations

import re

# A sentence ends at .!?… (with closing quotes) before a space, but not after an
# initial or a usual abbreviation, and not inside a number such as 3.14.
_END = re.compile(r"[.!?…]+[\"')\]]*\s+")
_ABBREVIATION = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|vs|etc|e\.g|i\.e)|\b[A-Z])\.$")
_CLAUSE = re.compile(r"[,;:—\u2013]\s+")


class SentenceChunker:
    """Pieces end with a sentence. The first may end with a clause, so that speech begins early.

    ``first_clause`` and ``longest`` are lengths in characters: from when on a clause is
    enough for the first piece, and where a sentence without an end is cut at a space.
    """

    def __init__(self, *, first_clause: int = 24, longest: int = 220) -> None:
        self._first_clause = first_clause
        self._longest = longest
        self._text = ""
        self._given = 0

    @property
    def held(self) -> int:
        """Characters that wait for their sentence's end."""
        return len(self._text)

    def feed(self, text: str) -> list[str]:
        """The pieces that this text completes."""
        self._text += text
        pieces: list[str] = []
        while (cut := self._cut()) is not None:
            piece, self._text = self._text[:cut].strip(), self._text[cut:]
            if piece:
                pieces.append(piece)
                self._given += 1
        return pieces

    def finish(self) -> list[str]:
        """The rest."""
        rest, self._text = self._text.strip(), ""
        return [rest] if rest else []

    def _cut(self) -> int | None:
        for match in _END.finditer(self._text):
            if not _ABBREVIATION.search(self._text[: match.start() + 1]):
                return match.end()
        if self._given == 0:
            for match in _CLAUSE.finditer(self._text):
                if match.start() >= self._first_clause:
                    return match.end()
        if len(self._text) > self._longest:
            space = self._text.rfind(" ", 1, self._longest)
            return space + 1 if space > 0 else self._longest
        return None
