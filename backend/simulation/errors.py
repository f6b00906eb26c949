"""Why a simulated run ended otherwise than by returning or raising."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backend.errors import UserError


@dataclass(frozen=True, slots=True)
class Escape:
    """Something that leaves the simulation, or would.

    ``what`` is the call, ``where`` the program's line that made it (``file:line in function``),
    ``task`` the running task's name.
    """

    what: str
    where: str
    task: str

    def __str__(self) -> str:
        return f"{self.what} at {self.where} (task {self.task})"


@dataclass(frozen=True, slots=True)
class Wait:
    """Where a task waits, and for what."""

    task: str
    what: str
    where: str

    def __str__(self) -> str:
        return f"{self.task} waits {self.what} at {self.where}"


class SimulationError(Exception):
    """The simulation could not go on."""


class EscapeError(SimulationError):
    """The program did what no tape can hold: real input and output, a thread, the machine's own time."""

    def __init__(self, escape: Escape, instead: str) -> None:
        super().__init__(f"{escape}: {instead}")
        self.escape = escape


class DeadlockError(SimulationError):
    """Nothing is ready, no timer runs, and the program has not ended."""

    def __init__(self, waits: Sequence[Wait]) -> None:
        told = "; ".join(map(str, waits)) or "it waits for what nobody in it can bring"
        super().__init__(f"nothing can go on: {told}")
        self.waits = tuple(waits)


class StepLimitError(SimulationError):
    """More steps than allowed: it goes round without getting anywhere."""


class TimeLimitError(SimulationError):
    """More virtual time than allowed."""


class NeverYieldsError(SimulationError):
    """One step took longer than allowed, in real time: it never awaits, or blocks."""


class TapeError(UserError):
    """The tape cannot be played: damaged, or of another version or program."""


class TapeMismatchError(TapeError):
    """The program asked for another choice than the one on the tape: it is not the one recorded."""
