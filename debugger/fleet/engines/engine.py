"""What all engines have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from debugger.fleet.tasks import Done, Task


class Outcome(NamedTuple):
    """Of one ticket: what came of it, or that its worker died, and how."""

    ticket: int
    done: Done | None
    died: str = ""


class Engine(Protocol):
    """Runs tasks somewhere, several at once, in any order.

    A worker that dies is an `Outcome`; what a task raises is raised by `wait`, and so is a cluster
    that is gone (`UserError`). Nobody but one thread calls it.
    """

    @property
    def width(self) -> int:
        """Tasks that run at once."""
        ...

    @property
    def elsewhere(self) -> bool:
        """Whether workers may be in another folder, on another machine, of another build."""
        ...

    def submit(self, ticket: int, task: Task) -> None:
        """Have a task run; a ticket that is not in use."""
        ...

    def wait(self) -> Sequence[Outcome]:
        """One of the submitted tasks at least, when there is one that ended."""
        ...

    def close(self) -> None:
        """Cancel what runs, and give back what was taken: processes, connections. Idempotent."""
        ...

    def notices(self) -> Sequence[str]:
        """What is to be told of workers since the last call: a line each."""
        ...
