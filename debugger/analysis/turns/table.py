"""What is known of each turn, in columns: some 300 bytes a turn, and its words."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

# Message types whose first event of a turn is kept. Their place is the column of `TurnTable.marks`.
MARKS: Final = (
    "COMPLETE_TRANSCRIPT",
    "LLM_RAW_CHUNK",
    "TEXT_CHUNK",
    "CHUNK_RESPONSE",
    "CHUNK_AVAILABLE",
    "TTS_CONNECTION_READY",
    "TTS_SESSION_READY",
    "TTS_BOT_STARTED_SPEAKING",
    "AUDIO_PLAYING",
    "TTS_AUDIO_CHUNK",
    "AUDIO_OUTPUT_COMPLETE",
    "TTS_BOT_FINISHED_SPEAKING",
    "BEGIN_AI_TURN",
    "TTS_SESSION_ERROR",
    "COMPONENT_FAILED",
)
MARK: Final = {name: number for number, name in enumerate(MARKS)}

NO_NUMBER: Final = -(2**31) - 1
"""In ``number``: the correlation names no turn. No event's turn can be so."""

_COLUMNS: Final = (
    "session",
    "number",
    "correlation",
    "first_row",
    "last_row",
    "events",
    "successor",  # the session's next turn
    "speech_row",  # the last end of speech before the transcript
    "since_speech_ns",  # what the transcript says of it
    "failed_row",
    "ok_row",
    "interrupted_row",
    "cancelled_row",
    "stream_row",  # the model's stream finished, not for a tool
    "tools",
    # Who tells of it, so that a message and its receives are not taken for several.
    "chunk_witness",
    "stream_witness",
    "speech_witness",
)
_ZERO: Final = frozenset({"events", "since_speech_ns", "tools"})
_FIRST: Final = 64


class TurnTable:
    """Columns that grow by doubling; -1 stands for 'not seen'. Read `rows[:len(table)]` of each.

    ``names`` of session and correlation are kept where the log may forget them.
    """

    def __init__(self) -> None:
        self._count = 0
        self._arrays: dict[str, NDArray[np.int64]] = {name: _blank(name, _FIRST) for name in _COLUMNS}
        self.marks: NDArray[np.int64] = np.full((_FIRST, len(MARKS)), -1, np.int64)
        self.said: list[str] = []
        self.answered: list[str] = []
        self.agent: list[str] = []
        self.names: list[tuple[str, str]] = []

    def __len__(self) -> int:
        """How many turns there are."""
        return self._count

    def __getitem__(self, name: str) -> NDArray[np.int64]:
        """A column, spare part included: valid until the next `add`."""
        return self._arrays[name]

    def drop(self, count: int) -> None:
        """Without the first turns: the indexes of the others are lower by so many."""
        left = self._count - count
        for name, old in self._arrays.items():
            old[:left] = old[count : self._count]
            old[left:] = _blank(name, len(old) - left)
        successors = self._arrays["successor"][:left]
        successors[successors >= 0] -= count
        self.marks[:left] = self.marks[count : self._count]
        self.marks[left:] = -1
        for texts in (self.said, self.answered, self.agent):
            del texts[:count]
        del self.names[:count]
        self._count = left

    def add(self, session: int, number: int, correlation: int, row: int) -> int:
        """Another turn, first seen at `row`; returns its index."""
        at = self._count
        if at == len(self.marks):
            for name, old in self._arrays.items():
                self._arrays[name] = np.concatenate((old, _blank(name, at)))
            self.marks = np.concatenate((self.marks, np.full((at, len(MARKS)), -1, np.int64)))
        arrays = self._arrays
        arrays["session"][at], arrays["number"][at] = session, number
        arrays["correlation"][at], arrays["first_row"][at] = correlation, row
        self.said.append("")
        self.answered.append("")
        self.agent.append("")
        self._count += 1
        return at


def _blank(name: str, count: int) -> NDArray[Any]:
    return np.full(count, 0 if name in _ZERO else -1, np.int64)
