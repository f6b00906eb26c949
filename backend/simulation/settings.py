"""What holds for a simulated run, whatever is chosen in it."""

from __future__ import annotations

from msgspec import Struct

EPOCH_NS = 1_767_225_600_000_000_000
"""The wall clock at the beginning of every run: 2026-01-01T00:00:00Z."""


class Settings(Struct, frozen=True, kw_only=True):
    """The world of a run, and where patience ends. Virtual seconds, unless said otherwise.

    They stand on the tape: all but ``thorough`` and ``patience`` decide which choices there are.
    """

    lateness: float = 0.005
    """How late anything that is ready may run, and a timer fire. 0: timers are exact."""
    job_seconds: tuple[float, ...] = (0.0, 0.001, 0.02)
    """How long a job of an executor may take; the first is the usual."""
    step_seconds: float = 0.0
    """What each step costs. 0 keeps times round; a few microseconds look like a real recording's."""
    steps: int = 1_000_000
    """More are a program that goes round for ever."""
    seconds: float = 86_400.0
    """More are a program that waits for ever."""
    patience: float = 10.0
    """Real seconds that one step may take: more is a program that never awaits."""
    thorough: bool = False
    """Look at each call of a C function, too, for what leaves the simulation: slower by two to four times.

    Finds what was bound before the run began: ``from time import monotonic``, ``datetime.now``.
    """
