"""The feed as server-sent events: the same dialogue, written so that a browser's EventSource reads it.

Events are unnamed and have their ``source:seq`` for an id, which the browser sends back as
``Last-Event-ID`` when it connects again. What is no event has a name: ``hello``, ``states``, ``gap``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, NamedTuple
from urllib.parse import quote, unquote

from backend.wire.cursor import Piece
from backend.wire.frames import ControlFrame, ErrorFrame, Frame, Gap, Hello, control_frame
from backend.wire.server import FeedSession
from backend.wire.states import Kept, Key

RETRY_MS: Final = 1000
"""After which a browser connects again."""

HEARTBEAT: Final = Frame((b": heartbeat\n\n",))

_SAFE: Final = "!#$&'()*+,/;=?@[]"
_MOST_DIGITS: Final = 18


class Cursor(NamedTuple):
    """An event by its place in its source."""

    source: str
    seq: int

    @classmethod
    def read(cls, text: str) -> Cursor:
        """The reverse of ``str``.

        Raises:
            ValueError: it is no cursor.
        """
        source, colon, digits = text.rpartition(":")
        if not colon or not digits.isascii() or not digits.isdecimal() or len(digits) > _MOST_DIGITS:
            raise ValueError("it is SOURCE:SEQ")
        return cls(unquote(source), int(digits))

    def __str__(self) -> str:
        """Fit for a header, a URL and a line: what is no plain character in the name is escaped."""
        return f"{quote(self.source, safe=_SAFE)}:{self.seq}"


class SseSession(FeedSession):
    """One client that only listens. Its frames are blocks of an event stream."""

    kind: ClassVar[str] = "sse"

    def _encoded(self, message: ControlFrame) -> Frame:
        name = type(message).__struct_config__.tag
        lines = [f"event: {'refused' if isinstance(message, ErrorFrame) else name}"]
        if isinstance(message, Hello):
            lines.append(f"retry: {RETRY_MS}")
        elif isinstance(message, Gap) and message.source is not None:
            lines.append(f"id: {Cursor(message.source, message.to_seq)}")
        return Frame(
            ("\n".join(lines).encode(), b"\ndata: ", _one_line(control_frame(message).data), b"\n\n")
        )

    def _states_frames(self, states: Mapping[Key, Kept]) -> list[Frame]:
        # Nobody has asked for them by name: none are no news.
        return super()._states_frames(states) if states else []

    def _encode(self, piece: Piece) -> tuple[Sequence[bytes], int]:
        segment, index, _, offset, end = piece
        source = quote(segment.source, safe=_SAFE)
        first = segment.first_seq + index
        blocks = [
            b"id: %b:%d\ndata: %b\n\n" % (source.encode(), first + at, _one_line(line))
            for at, line in self._shaping.chosen(segment.lines(offset, end))
        ]
        return blocks, len(blocks)

    def _frame(self, parts: list[bytes], count: int) -> Frame:
        return Frame(tuple(parts), events=count)


def _one_line(text: bytes) -> bytes:
    """JSON of others may have a carriage return between its words, which would end the line."""
    return text.replace(b"\r", b" ") if b"\r" in text else text
