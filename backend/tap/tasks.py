"""Tasks, threads and timers that report themselves.

While a tap runs, every task created inside an activation is a `TappedTask`: spawn,
finish, ``await`` and ``cancel()`` become events, in programs that were never changed.
Tasks with a context of their own (``create_task(..., context=Context())``) stay silent.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import Context, copy_context
from typing import Any, ParamSpec, TypeGuard, TypeVar

from backend.events import error_text
from backend.events.vocabulary import TASK_CANCEL_REQUESTED, TASK_FINISHED, TASK_JOINED, TASK_SPAWNED
from backend.tap.context import Activation, current
from backend.tap.tap import Tap
from backend.tap.waits import joining

T = TypeVar("T")
P = ParamSpec("P")
Factory = Callable[..., "asyncio.Task[Any]"]


class _Child:
    """A spawned activation: reports its own beginning and end."""

    __slots__ = ("activation", "ended", "name", "started_ns", "tap")

    def __init__(self, tap: Tap, kind: str, name: str, **more: object) -> None:
        self.tap = tap
        self.name = name
        parent = current.get()
        child = tap.new_task_id(kind)
        data = {"child": child, "name": name, "kind": _KINDS[kind], **more}
        spawned = tap.emit(TASK_SPAWNED, None, None, data)
        self.activation = Activation(child, spawned, parent.component, parent.scope)
        self.started_ns = tap.clock.mono_ns()
        self.ended = False

    def context(self) -> Context:
        context = copy_context()
        context.run(current.set, self.activation)
        return context

    def finished(self, error: BaseException | None, *, cancelled: bool) -> None:
        """Report the end; runs in the child's context."""
        self.ended = True
        micros = (self.tap.clock.mono_ns() - self.started_ns) // 1000
        data: dict[str, Any] = {
            "child": self.activation.task,
            "name": self.name,
            "outcome": "cancelled" if cancelled else "error" if error else "ok",
            "duration_us": micros,
        }
        if error is not None:
            data |= {"error_type": type(error).__name__, "error_message": error_text(error)}
        severity = "warning" if error is not None else "info"
        self.tap.emit(TASK_FINISHED, None, None, data, severity=severity)

    def joined(self) -> None:
        self.tap.emit(TASK_JOINED, None, None, {"child": self.activation.task, "name": self.name})


_KINDS = {"t": "task", "x": "thread", "d": "timer"}


class TappedTask(asyncio.Task[T]):
    """An asyncio task that reports spawn, finish, direct await and cancel request."""

    def __init__(self, tap: Tap, coro: Coroutine[Any, Any, T], *, loop: Any, name: str | None) -> None:
        label = name or str(getattr(coro, "__qualname__", type(coro).__name__))
        child = _Child(tap, "t", label)
        context = child.context()
        super().__init__(coro, loop=loop, name=name or label, context=context)
        self._child = child
        # First of all callbacks, so that the end stands in the record before whoever waits goes on.
        self.add_done_callback(_report_finish, context=context)

    def __await__(self) -> Generator[Any, None, T]:
        try:
            return (yield from super().__await__())
        finally:
            if self.done():
                self._child.joined()

    __iter__ = __await__

    def add_done_callback(self, fn: Callable[[Any], object], /, *, context: Context | None = None) -> None:
        """As `asyncio.Task.add_done_callback`; what `gather` and others add also reports the join."""
        if context is None:  # not to be passed on: asyncio takes None for the context of who completes it
            super().add_done_callback(joining(self._child, fn))
        else:
            super().add_done_callback(joining(self._child, fn), context=context)

    def set_name(self, value: object) -> None:
        """As `asyncio.Task.set_name`. Before Python 3.13 a given name comes here, after the spawn."""
        super().set_name(value)
        self._child.name = str(value)

    def cancel(self, msg: Any | None = None) -> bool:
        """As `asyncio.Task.cancel`; the request is recorded, which is not yet the stop."""
        if not self.done():
            data = {"child": self._child.activation.task, "name": self._child.name}
            self._child.tap.emit(TASK_CANCEL_REQUESTED, None, None, data)
        return super().cancel(msg)


def _report_finish(task: asyncio.Task[Any]) -> None:
    if isinstance(task, TappedTask):
        cancelled = task.cancelled()
        # _exception, not exception(): reading it must not mark the error as retrieved,
        # or asyncio would no longer warn of errors that nobody looked at.
        error = None if cancelled else task._exception  # noqa: SLF001
        task._child.finished(error, cancelled=cancelled)  # noqa: SLF001 - same module


def install(tap: Tap, loop: asyncio.AbstractEventLoop) -> Callable[[], None]:
    """Make the loop's new tasks report to `tap`; returns what takes that back."""
    before = loop.get_task_factory()

    def factory(
        loop: asyncio.AbstractEventLoop, coro: Any, *, context: Context | None = None, **more: Any
    ) -> Any:
        if context is not None or current.get().task is None or before is not None:
            return _plain(before, loop, coro, context, more)
        return TappedTask(tap, coro, loop=loop, name=more.get("name"))

    def uninstall() -> None:
        if loop.get_task_factory() is factory:
            loop.set_task_factory(before)

    loop.set_task_factory(factory)
    return uninstall


def _plain(before: Any, loop: Any, coro: Any, context: Context | None, more: dict[str, Any]) -> Any:
    if before is not None:
        return before(loop, coro, **more) if context is None else before(loop, coro, context=context, **more)
    made: type[asyncio.Task[Any]] = getattr(loop, "task_class", asyncio.Task)  # a simulated loop numbers them
    return made(coro, loop=loop, context=context, **more)


def silent(coro: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
    """Start a task that belongs to the machinery and not to the program under test."""
    return asyncio.get_running_loop().create_task(coro, name=name, context=Context())


class TappedExecutor(ThreadPoolExecutor):
    """A thread pool whose jobs keep the submitter's causality and report themselves.

    ``loop.set_default_executor(TappedExecutor(tap))`` covers `asyncio.to_thread` and
    ``run_in_executor`` at once; a plain pool would lose the context of the latter.
    """

    def __init__(self, tap: Tap, max_workers: int | None = None) -> None:
        super().__init__(max_workers, thread_name_prefix="tapped")
        self._tap = tap

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As `ThreadPoolExecutor.submit`; the job is an activation of its own."""
        child = _Child(self._tap, "x", _label(fn))
        context, inside = child.context(), _as_child(child, fn)
        return super().submit(lambda: context.run(_run, child, inside, *args, **kwargs))


async def to_thread(tap: Tap, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """As `asyncio.to_thread`, with spawn, finish and join in the record.

    Cancelled while it waits, it reports no join: the thread runs on.
    """
    child = _Child(tap, "x", _label(fn))
    job = functools.partial(child.context().run, _run, child, fn, *args, **kwargs)
    try:
        return await asyncio.get_running_loop().run_in_executor(None, job)
    finally:
        if child.ended:
            child.joined()


def call_later(
    tap: Tap, delay: float, fn: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs
) -> asyncio.TimerHandle:
    """As `loop.call_later` (seconds): the callback is an activation of its own, caused by this call."""
    child = _Child(tap, "d", _label(fn), delay_ms=delay * 1000)
    return asyncio.get_running_loop().call_later(
        delay, lambda: _run(child, fn, *args, **kwargs), context=child.context()
    )


def _run(child: _Child, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        result = fn(*args, **kwargs)
    except BaseException as error:
        child.finished(error, cancelled=False)
        raise
    child.finished(None, cancelled=False)
    return result


def _as_child(child: _Child, fn: Callable[P, T]) -> Callable[P, T]:
    """`fn` in the child's activation, even if it brings another context as `asyncio.to_thread` does."""
    if not _brings_context(fn):
        return fn

    def inside(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        token = current.set(child.activation)
        try:
            return function(*args, **kwargs)
        finally:
            current.reset(token)

    brought: functools.partial[T] = functools.partial(fn.func, inside, *fn.args, **fn.keywords)
    return brought


def _brings_context(fn: Callable[..., object]) -> TypeGuard[functools.partial[Any]]:
    return isinstance(fn, functools.partial) and isinstance(getattr(fn.func, "__self__", None), Context)


def _label(fn: Callable[..., object]) -> str:
    if _brings_context(fn):
        return _label(fn.args[0])
    if isinstance(fn, functools.partial):
        return _label(fn.func)
    return getattr(fn, "__qualname__", type(fn).__name__)
