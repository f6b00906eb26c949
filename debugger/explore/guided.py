"""A predicted pair the other way round: its earlier side is held back until the later one has come.

One deviation from the plain schedule, and the least one that swaps the two: up to the step of the earlier
side all is as asyncio would have it, then the task whose step that is does not run as long as anything else
can (time passes, where nothing else can), until the later side's event is there; from then on all is plain
again. Reversing a race of a happens-before analysis in this way is the directed half of RaceFuzzer (Sen,
PLDI 2008); that it is an event queue's deliveries that are reversed, from AsyncDroid and EventRacer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from backend.events import Event
from backend.simulation import TIME_PASSES, Alternative, Plain
from debugger.explore.steps import Step

_MOST_STEPS: Final = 20_000
"""That others make meanwhile: somebody who asks again and again whether it is done takes no time."""


class Sight(Struct, frozen=True):
    """By what an event is known in another run, where ids, turns and times may be others."""

    event_type: str
    component: str
    message_type: str | None
    session_id: str | None

    @classmethod
    def of(cls, event: Event) -> Sight:
        """That of an event."""
        return cls(event.event_type, event.component, event.message_type, event.session_id)


class Until(Struct, frozen=True):
    """An event, seen so many times."""

    sight: Sight
    times: int = 1


class Hold(Struct, frozen=True):
    """Hold back ``lane`` from ``step`` on, until one of these was seen from there; without any, to the bound.

    They are the later side's event, and the end of its handler: that may do something else this time.
    """

    lane: int
    step: int
    until: tuple[Until, ...]


class Guided(Plain):
    """Holds a lane back, for ``bound`` virtual seconds at most.

    Afterwards ``swapped`` tells whether that did it, ``forced`` that it could not.
    """

    name = "guided"

    def __init__(self, hold: Hold, bound: float) -> None:
        self.hold = hold
        self.bound = bound
        self.begin()

    def begin(self) -> None:
        """Nothing is held yet."""
        self._holding = False
        self._left = [one.times for one in self.hold.until]
        self._since = 0.0
        self._until = 0
        self.swapped = False
        self.forced = False

    def schedule(self, alternatives: Sequence[Alternative]) -> int:
        """The oldest that is not held back."""
        if self._holding:
            lane = self.hold.lane
            for at, one in enumerate(alternatives):
                if one is TIME_PASSES or one.lane != lane:
                    return at
        return 0

    def look(self, step: Step) -> None:
        """A step is over: as `debugger.explore.steps.Look`."""
        hold = self.hold
        if not self._holding:
            if not self.swapped and not self.forced and step.number >= hold.step - 1:
                self._holding, self._since, self._until = True, step.now, step.number + _MOST_STEPS
            return
        for at, one in enumerate(hold.until):
            self._left[at] -= sum(Sight.of(event) == one.sight for event in step.events)
        if step.lane == hold.lane:  # nothing else could run, nor time pass
            self._holding, self.forced = False, True
        elif min(self._left, default=1) <= 0:
            self._holding, self.swapped = False, True
        elif step.now - self._since > self.bound or step.number >= self._until:
            self._holding, self.forced = False, True
