"""Deterministic runs of asyncio programs: virtual time, chosen orders, tapes.

    run = simulate(main, AtRandom(7))
    run.tape.save("found.tape")
    again = replay(main, Tape.load("found.tape"))

``docs/simulation.md`` says what is a choice, what is refused, and how it compares.
"""

from __future__ import annotations

from backend.simulation.choices import TIME_PASSES, Alternative, Choice, Kind, Strategy
from backend.simulation.errors import (
    DeadlockError,
    Escape,
    EscapeError,
    NeverYieldsError,
    SimulationError,
    StepLimitError,
    TapeError,
    TapeMismatchError,
    TimeLimitError,
    Wait,
)
from backend.simulation.identity import Program, program_of
from backend.simulation.loop import SimulatedLoop
from backend.simulation.outside import any_of, cancel_somewhere, how_long, simulated_loop, takes
from backend.simulation.run import Outcome, Run, replay, simulate
from backend.simulation.settings import EPOCH_NS, Settings
from backend.simulation.strategies import AtRandom, Plain, Replay
from backend.simulation.streams import duplex
from backend.simulation.tape import Tape

__all__ = [
    "EPOCH_NS",
    "TIME_PASSES",
    "Alternative",
    "AtRandom",
    "Choice",
    "DeadlockError",
    "Escape",
    "EscapeError",
    "Kind",
    "NeverYieldsError",
    "Outcome",
    "Plain",
    "Program",
    "Replay",
    "Run",
    "Settings",
    "SimulatedLoop",
    "SimulationError",
    "StepLimitError",
    "Strategy",
    "Tape",
    "TapeError",
    "TapeMismatchError",
    "TimeLimitError",
    "Wait",
    "any_of",
    "cancel_somewhere",
    "duplex",
    "how_long",
    "program_of",
    "replay",
    "simulate",
    "simulated_loop",
    "takes",
]
