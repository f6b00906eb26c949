"""No engine at all: this process does it."""

from __future__ import annotations

from collections.abc import Sequence

from debugger.fleet.engines.engine import Outcome
from debugger.fleet.tasks import Task, run_task


class Here:
    """Runs a task when it is waited for."""

    width = 1
    elsewhere = False

    def __init__(self) -> None:
        self._waiting: list[tuple[int, Task]] = []

    def submit(self, ticket: int, task: Task) -> None:
        """Keep it."""
        self._waiting.append((ticket, task))

    def wait(self) -> Sequence[Outcome]:
        """Run the first."""
        ticket, task = self._waiting.pop(0)
        return (Outcome(ticket, run_task(task)),)

    def close(self) -> None:
        """Nothing runs."""
        self._waiting.clear()

    def notices(self) -> Sequence[str]:
        """None."""
        return ()
