"""Which step of a simulated run an event came from, and whose step that was."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

from backend.events import Event
from backend.simulation import SimulatedLoop, simulated_loop
from backend.tap import Batch, Tap

NO_LANE = -1
"""Of steps that are no task's: callbacks, fired timers."""


class Step(NamedTuple):
    """One that is over: its number, from 1, its lane, virtual seconds, and what was emitted in it."""

    number: int
    lane: int
    now: float
    events: Sequence[Event]


Look = Callable[[Step], None]


class Steps:
    """Looks on from step to step. Nothing of the run is different for it, and nothing of its recording."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._events: list[Event] = []

    def begin(self, tap: Tap) -> None:
        """A run begins: what `Play` calls inside of it."""
        loop = simulated_loop()
        self._events = []
        tap.add_sink(self)

        def after_step(ran: object) -> None:
            tap.drain()
            events, self._events = self._events, []
            self._look(Step(loop.steps, lane_of(loop, ran), loop.time(), events))

        loop.after_step.append(after_step)

    def write(self, batch: Batch) -> None:
        """Keep what the tap hands on; it is handed on after each step."""
        self._events.extend(batch.events)

    def close(self) -> None:
        """Nothing to close."""


def lane_of(loop: SimulatedLoop, ran: object) -> int:
    """The lane of a task, as strategies see it."""
    return loop.number_of(ran) if isinstance(ran, asyncio.Task) else NO_LANE


class Trace:
    """Of a run: the step of each event, by its row in the recording, and the lane of each step."""

    def __init__(self) -> None:
        self.step_of: list[int] = []
        self.lanes: list[int] = [NO_LANE]
        """By step; the first is 1."""

    def note(self, step: Step) -> None:
        """As `Look`."""
        # Steps before the tap began are nobody's.
        self.lanes.extend([NO_LANE] * (step.number - len(self.lanes)))
        self.lanes.append(step.lane)
        for event in step.events:
            seq = event.seq or 0
            # What was emitted before anybody looked on belongs to the step that began the recording.
            self.step_of.extend([step.number] * (seq - len(self.step_of)))

    def at(self, row: int) -> tuple[int, int]:
        """Step and lane of an event; step 0 for none: emitted when the run was over."""
        step = self.step_of[row] if row < len(self.step_of) else 0
        return step, self.lanes[step]
