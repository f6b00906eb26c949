"""Frames that clients of one ring share: who is at the same position and wants all gets the same bytes.

Live clients come to the same event within moments of each other. What one was sent is kept for the others: a
frame is cut, joined and framed once, however many read it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from backend.wire.frames import Frame

_KEPT: Final = 32
"""Frames of 64 KiB at most, or of one event: behind by more than these, a client has its own made."""


class Stretch(Struct, frozen=True):
    """A frame, and the events in it: up to position ``end``, which begins at ``offset`` of its segment.

    ``seqs`` are, of each source, the seq of its first event in here, and of the first one after.
    """

    frame: Frame
    seqs: Mapping[str, tuple[int, int]]
    end: int
    offset: int


class SharedFrames:
    """The latest of them, by where they begin and how their client is connected."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, int], Stretch] = {}
        self._joined: tuple[Sequence[Frame], bytes] = (), b""

    @property
    def held(self) -> int:
        """How many they are."""
        return len(self._kept)

    def at(self, kind: str, position: int) -> Stretch | None:
        """The one that begins at `position`."""
        return self._kept.get((kind, position))

    def keep(self, kind: str, position: int, stretch: Stretch) -> None:
        """One was made."""
        self._kept[kind, position] = stretch
        if len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]

    def joined(self, frames: Sequence[Frame]) -> bytes:
        """Frames one after the other, ready to be written; joined once for all who get the same ones."""
        if len(frames) == 1:
            return frames[0].as_websocket
        if frames != self._joined[0]:
            self._joined = frames, b"".join(frame.as_websocket for frame in frames)
        return self._joined[1]
