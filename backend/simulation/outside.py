"""The world outside of a simulated program, for those who write it: how long it takes, what it answers.

In a run that is not simulated, these say so: what stands in for the world belongs into a scenario.
"""

from __future__ import annotations

import asyncio
from typing import Any

from backend.simulation.choices import Kind
from backend.simulation.loop import SimulatedLoop

_STEPS = 8
"""Times between the shortest and the longest that something may take: more make tapes no better."""


def simulated_loop() -> SimulatedLoop:
    """The loop that runs.

    Raises:
        RuntimeError: none does, or one that is not simulated.
    """
    loop = asyncio.get_running_loop()
    if not isinstance(loop, SimulatedLoop):
        raise RuntimeError("this is for simulated programs: run it by backend.simulation.simulate")  # noqa: TRY004 - wrong place, not type
    return loop


def how_long(low: float, high: float) -> float:
    """Seconds between `low` and `high`, chosen; the usual is `low`."""
    loop = simulated_loop()
    if not 0 <= low <= high:
        raise ValueError(f"between {low:g} and {high:g} s there is no time that something could take")
    count = 1 if high == low else _STEPS
    return low + (high - low) * loop.pick(Kind.OUTSIDE, count) / (_STEPS - 1)


async def takes(low: float, high: float | None = None, what: str = "outside") -> None:
    """Wait for something outside, called `what`, that takes between `low` and `high` seconds."""
    loop = simulated_loop()
    arrived = loop.create_future()
    handle = loop.call_outside(how_long(low, low if high is None else high), what, _arrive, arrived)
    try:
        await arrived
    finally:
        handle.cancel()


def _arrive(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def any_of(count: int) -> int:
    """One of `count` things that may happen outside: an answer, a failure. 0 is the usual."""
    if count < 1:
        raise ValueError(f"one of {count} things cannot happen")
    return simulated_loop().pick(Kind.OUTSIDE, count)


def cancel_somewhere(task: asyncio.Task[Any], within: int = 16) -> None:
    """Cancel a task at one of its first `within` waits, chosen; the usual is at none.

    What a caller's timeout or a user who hangs up does, which may come at any of its awaits: as a place
    and not as a time, so that no await is out of reach. (CHESS chooses preemptions so: Musuvathi and
    Qadeer, PLDI 2007.)
    """
    loop = simulated_loop()
    left = loop.pick(Kind.CANCEL, within + 1)
    if not left:
        return

    def look(ran: object) -> None:
        nonlocal left
        if task.done():
            loop.after_step.remove(look)
        elif ran is task:
            left -= 1
            if not left:
                loop.after_step.remove(look)
                task.cancel()

    loop.after_step.append(look)
