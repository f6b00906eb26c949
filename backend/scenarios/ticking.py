"""The clock of a recorded run: telling an event takes time, as it does in a real program."""

from __future__ import annotations

from typing import Final

from backend.simulation import SimulatedLoop, simulated_loop
from backend.tap import Clock

_SHORTEST_NS: Final = 1_800
_SPREAD_NS: Final = 0x1FFF
# The generator of Numerical Recipes: jitter, the same in every run.
_FACTOR, _ADDED, _BITS = 1_664_525, 1_013_904_223, 0xFFFFFFFF


def ticking() -> Clock:
    """A clock for the tap of the simulated run that is going on. It tells its time even when that is over.

    Where steps take time (``Settings.step_seconds``), each reading takes 2 to 10 µs more, so that no two
    events are of the same moment. Otherwise time stays as round as it is.
    """
    loop = simulated_loop()
    if not loop.settings.step_seconds:
        return Clock(loop.wall_ns, loop.mono_ns)
    ticks = _Ticks(loop)
    return Clock(ticks.wall_ns, ticks.mono_ns)


class _Ticks:
    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop
        self._jitter = 0
        self._compared_in = -1

    def wall_ns(self) -> int:
        """Nanoseconds since the epoch. Who then reads the other in the same step compares the two."""
        self._compared_in = self._loop.steps
        return self._loop.wall_ns()

    def mono_ns(self) -> int:
        """Nanoseconds from the run's beginning; later with each reading.

        But for a comparison: a tap makes one at each drain, and when it drains must make no difference.
        """
        agenda = self._loop.agenda
        if self._compared_in == self._loop.steps:
            self._compared_in = -1
        elif not agenda.settled:
            self._jitter = (self._jitter * _FACTOR + _ADDED) & _BITS
            agenda.now += (_SHORTEST_NS + (self._jitter >> 16 & _SPREAD_NS)) / 1e9
        return self._loop.mono_ns()
