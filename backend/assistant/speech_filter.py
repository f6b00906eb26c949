"""Turns a model's raw stream into text that can be spoken, piece by piece."""

from __future__ import annotations

import re

# What opens something that is not spoken, and what ends it.
_HIDDEN = (
    ("<think>", "</think>"),
    ("<|", "|>"),
    ("```", "```"),
)

_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_URL = re.compile(r"https?://\S+")
_EMPHASIS = re.compile(r"[*_`~#>|]+")
_BULLET = re.compile(r"(?m)^\s*(?:[-•+]|\d+[.)])\s+")
_SYMBOLS = re.compile("[\U0001f000-\U0001faff\u2190-\u21ff\u2600-\u27bf\ufe0f\u200d]+")
_SPACES = re.compile(r"[ \t\r\n]+")
_ROLE = re.compile(r"^\s*(?:assistant|bot|ai)\s*:\s*", re.IGNORECASE)


class StreamingLLMFilter:
    """Feeds on raw chunks, gives speakable text: no markup, no hidden thoughts, no code.

    A construct may be split over any number of chunks: what could still become one is
    held back until it is decided, whole words at a time.
    """

    def __init__(self) -> None:
        self._held = ""
        self._closer: str | None = None
        self._begun = False

    def feed(self, chunk: str) -> str:
        """The text that has become certain by this chunk; may be empty."""
        self._held += chunk
        return self._release(final=False)

    def finish(self) -> str:
        """The rest. What was opened and never closed stays hidden."""
        return self._release(final=True)

    def _release(self, *, final: bool) -> str:
        spoken = ""
        while True:
            if self._closer is not None:
                _, found, rest = self._held.partition(self._closer)
                if not found:
                    # Only as much as could be the beginning of the closer must be kept.
                    self._held = "" if final else self._held[-(len(self._closer) - 1) :]
                    break
                self._held, self._closer = rest, None
                continue
            at, opener, closer = self._next_opener()
            if at < 0:
                spoken += self._take_certain(final=final)
                break
            spoken += self._held[:at]
            self._held = self._held[at + len(opener) :]
            self._closer = closer
        return self._clean(spoken)

    def _next_opener(self) -> tuple[int, str, str]:
        hits = [(self._held.find(opener), opener, closer) for opener, closer in _HIDDEN]
        found = [hit for hit in hits if hit[0] >= 0]
        return min(found) if found else (-1, "", "")

    def _take_certain(self, *, final: bool) -> str:
        """Whole words that nothing later can turn into markup."""
        if final:
            taken, self._held = self._held, ""
            return taken
        cut = max(self._held.rfind(" "), self._held.rfind("\n")) + 1
        bracket = self._held.rfind("[", 0, cut)
        if bracket >= 0 and ")" not in self._held[bracket:cut]:
            link_open = "](" in self._held[bracket:] or "]" not in self._held[bracket:]
            cut = bracket if link_open else cut
        for opener, _ in _HIDDEN:
            for length in range(1, len(opener)):
                if self._held[:cut].endswith(opener[:length]):
                    cut -= length
                    break
        taken, self._held = self._held[:cut], self._held[cut:]
        return taken

    def _clean(self, text: str) -> str:
        if not text:
            return ""
        text = _LINK.sub(r"\1", text)
        text = _URL.sub("", text)
        text = _BULLET.sub("", text)
        text = _EMPHASIS.sub("", text)
        text = _SYMBOLS.sub("", text)
        text = _SPACES.sub(" ", text)
        if not self._begun:
            text = _ROLE.sub("", text).lstrip()
            self._begun = bool(text)
        return text
