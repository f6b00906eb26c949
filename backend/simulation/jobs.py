"""Jobs of executors, without threads.

A job runs on the loop's own thread, all at once, when its time has come: how long that takes is a choice of
`Settings.job_seconds`. A pool runs as many at a time as it has workers, in the order of submission, so that
one worker is still a lock. The pools are the program's own, subclasses too: only where they would start a
thread, the loop is told instead. ``time.sleep`` in a job makes it take longer.

What goes on *inside* a job is one step: races of threads with each other and with the loop are not explored.
"""

from __future__ import annotations

import asyncio
import queue
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from typing import TYPE_CHECKING, Any

from backend.simulation.choices import Kind

if TYPE_CHECKING:
    from backend.simulation.loop import SimulatedLoop


class _Pool:
    """What the loop knows of one executor: how many of its jobs are under way, and which wait."""

    def __init__(self) -> None:
        self.busy = 0
        self.waiting: deque[Any] = deque()
        self.begun = False


class Jobs:
    """All jobs of a run. ``running`` is the name of the one that runs now."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self.running = ""
        self._loop = loop
        self._pools: dict[int, tuple[ThreadPoolExecutor, _Pool]] = {}
        self._slept = 0.0
        self._numbers = 0

    def default_executor(self) -> ThreadPoolExecutor:
        """As asyncio makes one."""
        return ThreadPoolExecutor(max_workers=8, thread_name_prefix="asyncio")

    def sleep(self, seconds: float) -> bool:
        """``time.sleep`` of a job; False outside of one."""
        if not self.running:
            return False
        self._slept += max(0.0, seconds)
        return True

    # --- one job ------------------------------------------------------------------

    def submitted(self, executor: Any) -> None:
        """A job stands in the executor's queue: begin it, or let it wait for a worker."""
        _, pool = self._pools.setdefault(id(executor), (executor, _Pool()))
        try:
            item = executor._work_queue.get_nowait()  # noqa: SLF001 - where a worker takes it from
        except queue.Empty:
            return
        if item is None:
            return
        pool.waiting.append(item)
        self._begin(executor, pool)

    def _begin(self, executor: Any, pool: _Pool) -> None:
        while pool.waiting and pool.busy < executor._max_workers:  # noqa: SLF001 - it has no getter
            pool.busy += 1
            item = pool.waiting.popleft()
            self._numbers += 1
            name = f"job {self._numbers}"
            seconds = self._loop.settings.job_seconds
            takes = seconds[self._loop.pick(Kind.JOB, len(seconds))]
            self._loop.call_outside(takes, name, self._run, executor, pool, item, name)

    def _run(self, executor: Any, pool: _Pool, item: Any, name: str) -> None:
        if not item.future.set_running_or_notify_cancel():
            self._done(executor, pool)
            return
        if not pool.begun:
            pool.begun = True
            if executor._initializer is not None:  # noqa: SLF001 - a worker calls it before its first job
                executor._initializer(*executor._initargs)  # noqa: SLF001 - the same
        result, error = self._call(item, name)
        slept, self._slept = self._slept, 0.0
        if slept:
            self._loop.call_outside(slept, name, self._finish, executor, pool, item, result, error)
        else:
            self._finish(executor, pool, item, result, error)

    def _call(self, item: Any, name: str) -> tuple[Any, BaseException | None]:
        outer, self.running = self.running, name
        running = asyncio._get_running_loop()  # noqa: SLF001 - a thread has no running loop
        asyncio._set_running_loop(None)  # noqa: SLF001 - the same
        try:
            return Context().run(item.fn, *item.args, **item.kwargs), None
        except (SystemExit, KeyboardInterrupt) as error:
            return None, error  # in a thread, these end no program
        except BaseException as error:  # noqa: BLE001 - the job's own affair
            return None, error
        finally:
            asyncio._set_running_loop(running)  # noqa: SLF001 - the same
            self.running = outer

    def _finish(
        self, executor: Any, pool: _Pool, item: Any, result: Any, error: BaseException | None
    ) -> None:
        if error is None:
            item.future.set_result(result)
        else:
            item.future.set_exception(error)
        self._done(executor, pool)

    def _done(self, executor: Any, pool: _Pool) -> None:
        pool.busy -= 1
        self._begin(executor, pool)

    # --- the end ------------------------------------------------------------------

    def shutdown(self, executor: Any, *, wait: bool, cancel_futures: bool) -> None:
        """Before an executor's own: with ``wait``, its jobs end now, in order."""
        known = self._pools.get(id(executor))
        if known is None:
            return
        pool = known[1]
        if cancel_futures:
            for item in pool.waiting:
                item.future.cancel()
            pool.waiting.clear()
        if not wait:
            return
        while handles := [handle for handle in self._loop.agenda.outside() if handle.belongs_to(executor)]:
            for handle in handles:
                handle.now()
