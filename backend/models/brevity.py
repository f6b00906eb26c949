"""Keeps a spoken answer short: a small model does not stop by itself."""

from __future__ import annotations

import re

_END = re.compile(r"[.!?][\"')\]]*(?=\s)|\n+(?=\S)")
_NO_END = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|St|vs|e\.g|i\.e)|^\s*\d+)\.$")


class SentenceBudget:
    """Lets so many sentences of a stream through, however it is cut, and no more."""

    def __init__(self, sentences: int) -> None:
        self._left = sentences
        self._sentence = ""

    @property
    def spent(self) -> bool:
        """All sentences have been said: what comes now is not wanted."""
        return self._left <= 0

    def take(self, text: str) -> str:
        """As much of the text as there is budget for."""
        before = len(self._sentence)
        self._sentence += text
        start = 0
        for match in _END.finditer(self._sentence):
            if match.end() <= start or _NO_END.search(self._sentence[start : match.end()]):
                continue
            # Blank lines between paragraphs end what has ended already.
            if self._sentence[start : match.end()].strip():
                self._left -= 1
            start = match.end()
            if self.spent:
                return self._sentence[before:start].rstrip() if start > before else ""
        self._sentence = self._sentence[start:]
        return text
