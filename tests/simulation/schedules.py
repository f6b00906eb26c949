"""All schedules of a small program, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import msgspec

from backend.simulation import Program, Replay, Run, Settings, Tape, simulate

T = TypeVar("T")


def every_schedule(
    program: Callable[[], Coroutine[Any, Any, T]], settings: Settings | None = None, limit: int = 20_000
) -> Iterator[Run[T]]:
    """Each run of `program` that the choices allow, depth first; each once."""
    empty = Tape(Program("", ""), 0, "", settings or Settings(), ())
    prefix: tuple[tuple[int, int, int], ...] | None = ()
    for _ in range(limit):
        tape = msgspec.structs.replace(empty, choices=prefix)
        run = simulate(program, Replay(tape, strict=False), settings=settings)
        yield run
        prefix = _next(run.tape.choices)
        if prefix is None:
            return
    raise AssertionError(f"more than {limit} schedules")


def _next(
    choices: tuple[tuple[int, int, int], ...],
) -> tuple[tuple[int, int, int], ...] | None:
    for at in range(len(choices) - 1, -1, -1):
        kind, count, taken = choices[at]
        if taken + 1 < count:
            return (*choices[:at], (kind, count, taken + 1))
    return None
