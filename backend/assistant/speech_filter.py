"""Turns a model's raw stream into text that can be spoken, piece by piece."""

from __future__ import annotations

import re

# What opens something that is not spoken, and what ends it. None contains a space.
_HIDDEN = {"<think>": "</think>", "<|": "|>", "```": "```"}
_SPECIAL = re.compile(r"[<`\[]")
_LINK = re.compile(r"\[([^\[\]\n]{0,200})\]\([^()\s]{0,500}\)")
_LINK_BEGUN = re.compile(r"\[[^\[\]\n]{0,200}(\](\([^()\s]{0,500})?)?\Z")

_TOKEN = re.compile(r"\s+|\S+")
_URL = re.compile(r"https?://\S+")
_EMPHASIS = re.compile(r"[*_`~#>|]+")
_SYMBOLS = re.compile("[\U0001f000-\U0001faff\u2190-\u21ff\u2600-\u27bf\ufe0f\u200d]+")
_BULLET = re.compile(r"[-•+*]|\d+[.)]")
_ROLES = frozenset({"assistant:", "bot:", "ai:"})


class StreamingLLMFilter:
    """Feeds on raw chunks, gives speakable text: no markup, no hidden thoughts, no code.

    Two stages, so that it makes no difference how the stream is cut: the first decides
    what is a construct, holding back what could still become one; the second speaks
    whole words.
    """

    def __init__(self) -> None:
        self._raw = ""
        self._closer: str | None = None
        self._plain = ""
        self._line_start = True
        self._begun = False
        self._space_given = True

    def feed(self, chunk: str) -> str:
        """The text that has become certain by this chunk; may be empty."""
        self._raw += chunk
        self._resolve(final=False)
        cut = max(self._plain.rfind(" "), self._plain.rfind("\n")) + 1
        ready, self._plain = self._plain[:cut], self._plain[cut:]
        return self._speak(ready)

    def finish(self) -> str:
        """The rest. What was opened and never closed stays hidden."""
        self._resolve(final=True)
        ready, self._plain = self._plain, ""
        return self._speak(ready)

    # --- first stage: constructs ---------------------------------------------------

    def _resolve(self, *, final: bool) -> None:
        """Move to `_plain` all of `_raw` that is decided."""
        while self._raw:
            if self._closer is not None:
                _, found, rest = self._raw.partition(self._closer)
                if not found:
                    # What could be the closer's beginning is kept.
                    self._raw = "" if final else self._raw[-(len(self._closer) - 1) :]
                    return
                self._raw, self._closer = rest, None
                continue
            special = _SPECIAL.search(self._raw)
            at = special.start() if special else len(self._raw)
            self._plain += self._raw[:at]
            self._raw = self._raw[at:]
            if self._raw and not self._resolve_special(final=final):
                return

    def _resolve_special(self, *, final: bool) -> bool:
        """Decide what begins at the first character of `_raw`; False if more must come first."""
        raw = self._raw
        for opener, closer in _HIDDEN.items():
            if raw.startswith(opener):
                self._raw, self._closer = raw[len(opener) :], closer
                return True
        if link := _LINK.match(raw):
            self._plain += link[1]
            self._raw = raw[link.end() :]
            return True
        undecided = any(opener.startswith(raw) for opener in _HIDDEN) or _LINK_BEGUN.match(raw)
        if undecided and not final:
            return False
        self._plain += raw[0]
        self._raw = raw[1:]
        return True

    # --- second stage: words ---------------------------------------------------------

    def _speak(self, text: str) -> str:
        return "".join(self._token(token) for token in _TOKEN.findall(text))

    def _token(self, token: str) -> str:
        if token.isspace():
            self._line_start |= "\n" in token
            given, self._space_given = self._space_given, True
            return "" if given else " "
        at_line_start, self._line_start = self._line_start, False
        if at_line_start and _BULLET.fullmatch(token):
            return ""
        word = _SYMBOLS.sub("", _EMPHASIS.sub("", _URL.sub("", token)))
        if not word or (not self._begun and word.lower() in _ROLES):
            return ""
        self._begun = True
        self._space_given = False
        return word
