"""The deterministic event loop: asyncio's, but for when things run.

It is asyncio's own `BaseEventLoop` with another queue (`agenda`) and another clock, so tasks, futures, locks,
queues, groups, timeouts and async generators are asyncio's own code. Time is virtual: when nothing is ready
it jumps to the next timer. What comes from outside (timers, jobs of executors, simulated input and output)
is a timer here, so that 'late' and 'in another order' mean the same for all of it.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from contextvars import Context
from typing import Any, TypeVar, TypeVarTuple

from backend.simulation.agenda import Agenda
from backend.simulation.asyncgens import OrderedWeakSet
from backend.simulation.choices import Kind, Strategy
from backend.simulation.errors import (
    DeadlockError,
    Escape,
    EscapeError,
    SimulationError,
    StepLimitError,
    TapeMismatchError,
)
from backend.simulation.handles import MACHINERY, OUTSIDE, LaterHandle, ReadyHandle, lane_of
from backend.simulation.jobs import Jobs
from backend.simulation.places import program_line, waits
from backend.simulation.refused import RefusedIO
from backend.simulation.settings import EPOCH_NS, Settings
from backend.simulation.tasks import TaskMaker
from backend.tap import Clock

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Failure = SimulationError | TapeMismatchError


class SimulatedLoop(RefusedIO, TaskMaker):
    """See the module. Made by `simulate`, one for each run.

    ``failure`` is why the run cannot go on, ``unhandled`` what asyncio would have told its exception handler.
    """

    _stopping: bool
    _check_closed: Callable[[], None]
    _default_executor: Any

    def __init__(self, strategy: Strategy, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.agenda = Agenda(strategy, settings)
        self.steps = 0
        self._last_step = 0
        self.failure: Failure | None = None
        self.unhandled: list[dict[str, Any]] = []
        self._jobs: Jobs | None = None
        self._made_on = threading.get_ident()
        self.after_step: list[Callable[[object], None]] = []
        """Called after each step with the task whose it was, or None."""
        self._asyncgens = OrderedWeakSet()
        self._timer_numbers = itertools.count(1)

    # --- time -------------------------------------------------------------------

    def time(self) -> float:
        """Virtual seconds from the run's beginning."""
        return self.agenda.now

    def mono_ns(self) -> int:
        """The same in nanoseconds."""
        return round(self.agenda.now * 1e9)

    def wall_ns(self) -> int:
        """The virtual wall clock: every run begins at `EPOCH_NS`."""
        return EPOCH_NS + round(self.agenda.now * 1e9)

    @property
    def clock(self) -> Clock:
        """What a tap takes that is to tell virtual time; one made in a run tells it anyhow."""
        return Clock(self.wall_ns, self.mono_ns)

    # --- choices, and what goes wrong -------------------------------------------

    def pick(self, kind: Kind, count: int) -> int:
        """Have one of `count` alternatives chosen; 0 where there is no choice.

        Raises:
            TapeMismatchError: the tape has another choice here.
        """
        try:
            return self.agenda.pick(kind, count)
        except TapeMismatchError as error:
            self.fail(error)
            raise

    def fail(self, failure: Failure) -> None:
        """End the run with this step. The first failure counts."""
        if self.failure is None:
            self.failure = failure

    def escape(self, what: str, instead: str) -> EscapeError:
        """End the run because of a call that leaves the simulation; returns what is to be raised there."""
        escaped = EscapeError(Escape(what, program_line(), self.running()), instead)
        self.fail(escaped)
        return escaped

    def running(self) -> str:
        """The name of the job or task that runs now."""
        if self._jobs is not None and self._jobs.running:
            return self._jobs.running
        task = asyncio.current_task(self)
        return "-" if task is None else task.get_name()

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep what nobody handled, for the run's result."""
        self.unhandled.append(context)

    # --- running ----------------------------------------------------------------

    def _run_once(self) -> None:
        """Run until told to stop: what `BaseEventLoop` calls again and again, it calls here once."""
        agenda = self.agenda
        step_seconds, most = self.settings.step_seconds, self.settings.steps
        while True:
            handle = agenda.next_handle(of_this_round=self._stopping)
            if handle is None:
                if self._stopping:  # as asyncio does, it has finished its round
                    return
                raise DeadlockError(waits(self.tasks))
            self.steps += 1
            agenda.now += step_seconds
            handle._run()  # noqa: SLF001 - the loop's part of a handle
            if self.after_step:
                ran = getattr(handle._callback, "__self__", None)  # noqa: SLF001 - the same
                for look in tuple(self.after_step):
                    look(ran)
            if agenda.settled:
                if self.steps >= self._last_step:
                    self.stop()
                    return
                continue
            if self.failure is not None:
                raise self.failure
            if self.steps >= most:
                raise StepLimitError(f"{most} steps, and no end; the last was of {handle.label}")

    def run_ready(self, steps: int, tasks: Sequence[asyncio.Task[Any]]) -> None:
        """Run until these tasks are done, at most so many steps."""
        if all(task.done() for task in tasks):
            return
        until = self.steps + steps

        def stop_if_done(_task: asyncio.Task[Any]) -> None:
            if all(task.done() for task in tasks):
                self.stop()

        for task in tasks:
            task.add_done_callback(stop_if_done)
        with suppress(DeadlockError):
            self._last_step = until
            self.run_forever()
        for task in tasks:
            task.remove_done_callback(stop_if_done)

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """As asyncio's."""
        lane = lane_of(callback)
        if lane is MACHINERY:
            return self._later(self.agenda.now, callback, args, context)
        handle = ReadyHandle(callback, args, self, context, lane)
        self.agenda.add(handle)
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """As asyncio's.

        Raises:
            EscapeError: called by a thread, which nobody simulates.
        """
        self._check_closed()
        if threading.get_ident() != self._made_on:
            raise self.escape("a call from another thread", "asyncio.to_thread and executors are simulated")
        return self.call_soon(callback, *args, context=context)

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """As asyncio's, in virtual seconds."""
        return self._later(self.agenda.now + delay, callback, args, context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """As asyncio's, in virtual seconds."""
        return self._later(when, callback, args, context)

    def call_outside(
        self, delay: float, name: str, callback: Callable[..., object], *args: Any
    ) -> LaterHandle:
        """Have something come from outside, called `name`, in no context of the program's."""
        return self._later(self.agenda.now + delay, callback, args, Context(), name)

    def _later(
        self,
        when: float,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        context: Context | None,
        name: str = "",
    ) -> LaterHandle:
        self._check_closed()
        lane = MACHINERY if lane_of(callback) is MACHINERY else OUTSIDE
        handle = LaterHandle(when, callback, args, self, context, lane, next(self._timer_numbers), name)
        self.agenda.add_timer(handle)
        return handle

    def _timer_handle_cancelled(self, handle: LaterHandle) -> None:
        self.agenda.cancelled(handle)

    def close(self) -> None:
        """As asyncio's. What refers to each other is taken apart, so that it is gone at once.

        Left to the garbage collector, some hundred runs were there at a time: that took longer than they did.
        """
        super().close()
        self.agenda.clear()
        self.tasks, self.after_step, self._jobs, self._exception_handler = [], [], None, None

    # --- jobs -------------------------------------------------------------------

    @property
    def jobs(self) -> Jobs:
        """Those of executors."""
        if self._jobs is None:
            self._jobs = Jobs(self)
        return self._jobs

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """As asyncio's: see `Jobs` for what becomes of the job."""
        if executor is None and self._default_executor is None:
            self._default_executor = self.jobs.default_executor()
        return super().run_in_executor(executor, func, *args)

    async def shutdown_default_executor(self) -> None:
        """As asyncio's, without the thread that waits for threads."""
        self._executor_shutdown_called = True
        if self._default_executor is not None:
            self._default_executor.shutdown(wait=True)
