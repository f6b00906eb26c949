"""What a line of the list of turns says, and how it is measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backend.events import Family
from debugger.analysis.turns import LatencySummary, Turn, TurnIndex
from debugger.tui.text import safe_text

AT_CURSOR, CHOSEN = "▌", "▸"
GLYPHS: Final = {"ok": "✓ ", "interrupted": "✂I", "failed": "✗F", "cancelled": "⊘C", "open": "…O"}
"""What became of a turn, never by colour alone."""


class StageLook(NamedTuple):
    """How a stage is told: its letter, its name, whose colour it has, what its bar is made of."""

    letter: str
    name: str
    family: Family
    block: str


STAGES: Final = {
    "end_of_speech": StageLook("E", "end of speech", Family.STT, " "),
    "transcript": StageLook("S", "transcript", Family.STT, "▒"),
    "ready": StageLook("R", "voice ready", Family.SYSTEM, "░"),
    "first_token": StageLook("L", "first token", Family.LLM, "█"),
    "first_chunk": StageLook("C", "first chunk", Family.QUEUE, "▓"),
    "first_audio": StageLook("A", "first audio", Family.TTS, "░"),
    "end": StageLook("P", "played", Family.TTS, " "),
}
"""By the milestone that a stage waits for. The playing of the answer is no latency: it has no bar."""

_LABEL: Final = 24
_SUMMARY_EVERY_NS: Final = 1_000_000_000
_HEADROOM: Final = 5 / 4  # bars end at so many times the 95th percentile


class TurnLine(NamedTuple):
    """One line; all text is safe. ``stages`` are milestone and duration in ns, without the playing."""

    label: str
    status: str
    said: str
    answered: str
    total_ns: int | None
    stages: tuple[tuple[str, int], ...]
    suspect: bool


def turn_line(turn: Turn) -> TurnLine:
    """What the list says of a turn; a failed one says why instead of its answer."""
    told = turn.answered
    if turn.status in ("failed", "cancelled"):
        told = turn.reason or told
    return TurnLine(
        label(turn),
        turn.status,
        safe_text(turn.said),
        safe_text(told),
        turn.total_ns,
        tuple((stage.until, stage.duration_ns) for stage in turn.stages if stage.until != "end"),
        turn.clock_suspect,
    )


def label(turn: Turn) -> str:
    """Session and number, or the correlation."""
    if turn.number is None:
        return safe_text(turn.correlation, _LABEL)
    return f"{safe_text(turn.session, _LABEL)}·{turn.number}" if turn.session else f"·{turn.number}"


class Order:
    """Which turn is on which line: as they came, or the slowest first."""

    def __init__(self, index: TurnIndex) -> None:
        self._index = index
        self._turns: NDArray[np.int64] | None = None
        self._as_of = (-1, 0)
        self._dropped = index.dropped

    @property
    def slowest_first(self) -> bool:
        """Otherwise as they came."""
        return self._turns is not None

    def toggle(self, now: int) -> None:
        """The other order."""
        if self._turns is not None:
            self._turns = None
        else:
            self._sort(now)

    def update(self, now: int) -> None:
        """Sort again, at most once a second: lines that jump about cannot be read."""
        settled, at = self._as_of
        if self._turns is not None and self._dropped != self._index.dropped:
            self._sort(now)
        if self._turns is None or now - at < _SUMMARY_EVERY_NS:
            return
        if settled != self._index.settled or len(self._turns) != len(self._index):
            self._sort(now)

    def _sort(self, now: int) -> None:
        self._turns = np.argsort(-self._index.totals_ns(), kind="stable")
        self._as_of = (self._index.settled, now)
        self._dropped = self._index.dropped

    def __len__(self) -> int:
        """How many lines there are."""
        return len(self._index) if self._turns is None else len(self._turns)

    def turn(self, line: int) -> int:
        """The index of the turn on a line."""
        return line if self._turns is None else int(self._turns[line])

    def line(self, turn: int) -> int | None:
        """The line of a turn."""
        if self._turns is None:
            return turn if turn < len(self._index) else None
        found = np.flatnonzero(self._turns == turn)
        return int(found[0]) if len(found) else None


class Measures:
    """The summary over all turns, looked at once a second at most, and the scale of the bars."""

    def __init__(self, index: TurnIndex, clock: Callable[[], int]) -> None:
        self._index = index
        self._clock = clock
        self._as_of = (-1, 0)
        self.summary: LatencySummary = index.summary(stage_values=False)
        self.scale_ns = 0

    def update(self) -> bool:
        """Whether there is something new."""
        settled, at = self._as_of
        now = self._clock()
        if settled == self._index.settled or (settled > 0 and now - at < _SUMMARY_EVERY_NS):
            return False
        self._as_of = (self._index.settled, now)
        self.summary = self._index.summary(stage_values=False)
        total = self.summary.total
        if total.max_ns is not None and total.p95_ns is not None:
            self.scale_ns = max(min(total.max_ns, round(total.p95_ns * _HEADROOM)), 1)
        else:
            self.scale_ns = max(int(self._index.totals_ns().max(initial=0)), 1)
        return True
