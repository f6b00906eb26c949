"""One simulated run: from a program and a strategy to what came of it, and its tape."""

from __future__ import annotations

import asyncio
import enum
import gc
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from backend.simulation.choices import Strategy
from backend.simulation.confinement import Confinement
from backend.simulation.errors import (
    DeadlockError,
    EscapeError,
    NeverYieldsError,
    StepLimitError,
    TapeError,
    TimeLimitError,
    Wait,
)
from backend.simulation.identity import program_of
from backend.simulation.loop import SimulatedLoop
from backend.simulation.places import waits
from backend.simulation.settings import Settings
from backend.simulation.strategies import Plain, Replay
from backend.simulation.tape import Tape
from backend.simulation.watchdog import Interrupted, Watched

T = TypeVar("T")

_CLEARING_STEPS = 20_000


class Outcome(enum.Enum):
    """How a run ended."""

    RETURNED = "returned"
    RAISED = "raised"
    DEADLOCK = "deadlock"
    STEP_LIMIT = "step limit"
    TIME_LIMIT = "time limit"
    NEVER_YIELDS = "never yields"
    ESCAPED = "escaped"


_OUTCOMES: dict[type[BaseException], Outcome] = {
    DeadlockError: Outcome.DEADLOCK,
    StepLimitError: Outcome.STEP_LIMIT,
    TimeLimitError: Outcome.TIME_LIMIT,
    NeverYieldsError: Outcome.NEVER_YIELDS,
    EscapeError: Outcome.ESCAPED,
}


@dataclass(frozen=True, slots=True)
class Run(Generic[T]):
    """What came of a run.

    ``error`` is what the program raised, or the `SimulationError` that ended it. ``leaked`` are the tasks
    that still ran when it returned, and where each of them waits; ``unhandled`` what asyncio would have told
    its exception handler: of a background task or callback that failed, and nobody looked. ``seconds`` are
    virtual.
    """

    outcome: Outcome
    value: T | None
    error: BaseException | None
    leaked: tuple[Wait, ...]
    unhandled: tuple[dict[str, Any], ...]
    steps: int
    seconds: float
    tape: Tape

    @property
    def clean(self) -> bool:
        """It returned, left nothing running, and nothing failed unseen."""
        return self.outcome is Outcome.RETURNED and not self.leaked and not self.unhandled

    def result(self) -> T:
        """What it returned; or raises what ended it."""
        if self.error is not None:
            raise self.error
        return self.value  # type: ignore[return-value]  # there where there is no error


def simulate(
    program: Callable[[], Coroutine[Any, Any, T]],
    strategy: Strategy | None = None,
    *,
    seed: int = 0,
    settings: Settings | None = None,
) -> Run[T]:
    """Run an asyncio program once, as the strategy chooses (`Plain` if there is none).

    ``seed`` is for the program's own random numbers. Never raises for what the program does.

    Raises:
        RuntimeError: called inside a running event loop.
        TapeMismatchError: by a `Replay` of the tape of another program.
    """
    if asyncio._get_running_loop() is not None:  # noqa: SLF001 - public in asyncio.events only
        raise RuntimeError("simulate() starts an event loop of its own: call it outside of a running one")
    strategy = strategy or Plain()
    loop = SimulatedLoop(strategy, settings or Settings())
    collects = gc.isenabled()
    # When garbage is found depends on all that ran before, and closing generators or tasks is seen.
    gc.disable()
    strategy.begin()
    try:
        with Watched(loop), Confinement(loop, seed):
            value, error = _run(loop, program)
            steps, seconds, leaked = loop.steps, loop.agenda.now, tuple(waits(loop.tasks[1:]))
            loop.agenda.settled = True
            _clear_up(loop)
    except KeyboardInterrupt:
        # Closed here and now: a coroutine that is left to the interpreter's end may wait for a thread there.
        for task in loop.tasks:
            _give_up(task)
        raise
    finally:
        loop.close()
        if collects:
            gc.enable()
    if isinstance(error, TapeError):
        raise error
    choices = loop.agenda.choices
    strategy.end(choices)
    tape = Tape(program_of(program), seed, strategy.name, loop.settings, tuple(choices))
    outcome = Outcome.RETURNED if error is None else _OUTCOMES.get(type(error), Outcome.RAISED)
    unhandled = tuple(loop.unhandled)
    return Run(outcome, value, error, leaked, unhandled, steps, seconds, tape)


def replay(program: Callable[[], Coroutine[Any, Any, T]], tape: Tape, *, strict: bool = True) -> Run[T]:
    """Run a program again as it ran when the tape was recorded; see `Replay` for ``strict``.

    Raises:
        TapeError: the tape is of another program, or another version of it.
        TapeMismatchError: it turned out to be.
    """
    tape.check(program_of(program))
    return simulate(program, Replay(tape, strict=strict), seed=tape.seed, settings=tape.settings)


def _run(loop: SimulatedLoop, program: Callable[[], Coroutine[Any, Any, T]]) -> tuple[T | None, Any]:
    try:
        main = loop.create_task(_main(program), name="main")
        value = loop.run_until_complete(main)
    except (KeyboardInterrupt, Interrupted):
        if isinstance(loop.failure, NeverYieldsError):
            return None, loop.failure
        raise
    except BaseException as error:  # noqa: BLE001 - the program's own, and the run's result
        return None, loop.failure or error
    return value, loop.failure


async def _main(program: Callable[[], Coroutine[Any, Any, T]]) -> T:
    return await program()


def _clear_up(loop: SimulatedLoop) -> None:
    """End what still runs, as `asyncio.run` does, in order of creation; close by force what does not end."""
    left = [task for task in loop.tasks if not task.done()]
    for task in left:
        task.cancel()
    try:
        loop.run_ready(_CLEARING_STEPS, left)
        if len(loop._asyncgens):  # noqa: SLF001 - asyncio's, and its only reader
            closing = loop.create_task(loop.shutdown_asyncgens(), name="close async generators")
            loop.run_ready(_CLEARING_STEPS, [closing])
        if loop._default_executor is not None:  # noqa: SLF001 - asyncio's, and its only reader
            loop._default_executor.shutdown(wait=True)  # noqa: SLF001 - the same
    except Interrupted:
        pass  # a step that blocks: it is told already
    for task in loop.tasks[1:]:
        _give_up(task) if not task.done() else _tell(loop, task)
    _give_up(loop.tasks[0])


def _tell(loop: SimulatedLoop, task: Any) -> None:
    """Tell of an error that nobody looked at, as the task would when it is forgotten."""
    if task.cancelled() or not task._log_traceback:  # noqa: SLF001 - whether anybody looked
        return
    task._log_traceback = False  # noqa: SLF001 - told here
    told = {"message": "Task exception was never retrieved", "exception": task.exception(), "task": task}
    loop.call_exception_handler(told)


def _give_up(task: Any) -> None:
    task._log_destroy_pending = False  # noqa: SLF001 - what asyncio.run does with its own
    with suppress(BaseException):  # it has had its chance
        task.get_coro().close()
