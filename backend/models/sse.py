"""Server-sent events out of a byte stream, as the HTML standard has them, free of I/O."""

from __future__ import annotations

import codecs

_MOST_CHARACTERS = 1_000_000
"""Of one event: a server that never ends one must not fill our memory. Real chunks have hundreds."""


class SseError(ValueError):
    """The bytes are no server-sent events; `str()` says why in one line."""


class SseParser:
    """Feed it bytes, cut anywhere; it gives back the ``data`` of every event that they complete.

    Comments (keep-alives), other fields and empty events are passed over. A line ends with
    LF, CR or CRLF; a last event without its blank line is incomplete and is never given.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._rest = ""
        self._data: list[str] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[str]:
        """The data of each event that ends in this chunk, in order.

        Raises:
            SseError: it is no UTF-8, or an event is longer than a million characters.
        """
        try:
            text = self._rest + self._decoder.decode(chunk)
        except UnicodeDecodeError:
            raise SseError("its stream is no UTF-8") from None
        # A CR at the end may be half of a CRLF: it waits for what comes next.
        held = "\r" if text.endswith("\r") else ""
        text = text[: len(text) - len(held)].replace("\r\n", "\n").replace("\r", "\n")
        *lines, rest = text.split("\n")
        self._rest = rest + held
        events = [event for line in lines if (event := self._line(line)) is not None]
        if self._size + len(self._rest) > _MOST_CHARACTERS:
            raise SseError(f"one event of its stream has more than {_MOST_CHARACTERS} characters")
        return events

    def _line(self, line: str) -> str | None:
        if not line:
            data, self._data, self._size = self._data, [], 0
            return "\n".join(data) if data else None
        field, _, value = line.partition(":")
        if field == "data":
            value = value.removeprefix(" ")
            self._data.append(value)
            self._size += len(value)
        return None
