"""Holds a run inside the simulation: what it may see of the machine, and what it may not do.

Three nets, the coarse ones cheap and always there:

- functions of modules are replaced while a run goes on (`substitutes`): time is virtual, entropy is seeded,
  ``time.sleep``, threads and signals are refused;
- an audit hook (`watching`) sees sockets, processes and stdin, whoever bound which name when;
- ``Settings.thorough`` looks at each C function that is called, for clocks that were bound before the run.

Only the loop's own thread is confined; other threads of the process see the machine as it is.
"""

from __future__ import annotations

import random
import sys
from types import TracebackType
from typing import Any, Self

from backend.simulation import substitutes
from backend.simulation.loop import SimulatedLoop
from backend.simulation.watching import NoStdin, Watcher


class Confinement:
    """One run's."""

    def __init__(self, loop: SimulatedLoop, seed: int) -> None:
        self._loop = loop
        self._seed = seed
        self._watcher = Watcher(loop)
        self._before: list[Any] = []
        self._random_state: Any = None
        self._stdin: Any = None
        self._profile: Any = None

    def __enter__(self) -> Self:
        substitutes.begin(self._loop, self._seed)
        self._random_state = random.getstate()
        random.seed(self._seed)
        self._stdin, sys.stdin = sys.stdin, NoStdin(self._loop)
        for owner, name, substitute in substitutes.SUBSTITUTES:
            self._before.append(getattr(owner, name))
            setattr(owner, name, substitute)
        self._watcher.begin()
        if self._loop.settings.thorough:
            self._profile = sys.getprofile()
            sys.setprofile(self._watcher.called)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop.settings.thorough:
            sys.setprofile(self._profile)
        self._watcher.end()
        substitutes.end()
        for (owner, name, _), before in zip(substitutes.SUBSTITUTES, self._before, strict=True):
            setattr(owner, name, before)
        sys.stdin = self._stdin
        random.setstate(self._random_state)
