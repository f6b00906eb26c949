"""One decorator that makes a function, or every public method of a class, report itself."""

from __future__ import annotations

import contextlib
import functools
import inspect
import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar, cast

from backend.events import error_text
from backend.events.vocabulary import TASK_FINISHED, TASK_JOINED, TASK_SPAWNED
from backend.tap.context import Activation, current
from backend.tap.probe import Probe
from backend.tap.tap import StateGetter, Tap
from backend.tap.track import TRACKED, snapshot_of
from backend.tap.track import track as track_keys

F = TypeVar("F", bound=Callable[..., Any])


def snake_case(name: str) -> str:
    """``LLMOrchestrator`` → ``llm_orchestrator``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def watch(tap: Tap, component: str | None = None, *, track: Iterable[str] = ()) -> Callable[[F], F]:
    """Decorator: each call becomes an activation: spawned, finished (outcome, duration), joined.

    On a class, its public methods are watched, its ``get_debug_state()`` is the snapshot
    of their events, and the component is the class's name in snake_case. Generators are left
    as they are: their body runs in turns with their caller's, which is no activation.

    ``track`` names data attributes of a class that report themselves (`backend.tap.track`): who reads and
    who writes them. They are the snapshot where there is no ``get_debug_state``.

    Raises:
        TypeError: what is to be tracked cannot be.
    """
    keys = (track,) if isinstance(track, str) else tuple(track)

    def decorate(target: F) -> F:
        if inspect.isclass(target):
            name = component or snake_case(target.__name__)
            for attribute, function in list(vars(target).items()):
                public = not attribute.startswith("_") and attribute != "get_debug_state"
                if public and inspect.isfunction(function):
                    setattr(target, attribute, _watched(tap, name, function, method=True))
            track_keys(tap, name, target, keys)
            return target
        if keys:
            raise TypeError("only the attributes of a class can be tracked")
        name = component or getattr(target, "__module__", "main").rpartition(".")[2]
        return cast("F", _watched(tap, name, target, method=False))

    return decorate


def _state_of(owner: object | None) -> StateGetter | None:
    told = owner is not None and (hasattr(owner, "get_debug_state") or hasattr(owner, TRACKED))
    return partial(snapshot_of, owner) if told else None


class _Call:
    """One watched call."""

    def __init__(self, tap: Tap, component: str, name: str, owner: object | None) -> None:
        self._probe = Probe(tap, component, _state_of(owner))
        self._child = tap.new_task_id("c")
        self._data = {"child": self._child, "name": name}
        spawned = self._probe.emit(TASK_SPAWNED, None, {**self._data, "kind": "call"})
        self._token = current.set(Activation(self._child, spawned, component, current.get().scope))
        self._started = tap.clock.mono_ns()

    def end(self, error: BaseException | None) -> None:
        import asyncio  # noqa: PLC0415 - a sync program need not load it

        cancelled = isinstance(error, asyncio.CancelledError)
        outcome = "cancelled" if cancelled else "error" if error else "ok"
        micros = (self._probe.tap.clock.mono_ns() - self._started) // 1000
        data: dict[str, Any] = {**self._data, "outcome": outcome, "duration_us": micros}
        if error is not None:
            data |= {"error_type": type(error).__name__, "error_message": error_text(error)}
        severity = "warning" if outcome == "error" else "info"
        self._probe.emit(TASK_FINISHED, None, data, severity=severity)
        with contextlib.suppress(ValueError):  # a coroutine that is thrown away ends in a foreign context
            current.reset(self._token)
        self._probe.emit(TASK_JOINED, None, self._data)


def _watched(tap: Tap, component: str, function: Callable[..., Any], *, method: bool) -> Callable[..., Any]:
    name = function.__qualname__
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        return function

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def watched_async(*args: Any, **kwargs: Any) -> Any:
            call = _Call(tap, component, name, args[0] if method else None)
            try:
                result = await function(*args, **kwargs)
            except BaseException as error:
                call.end(error)
                raise
            call.end(None)
            return result

        return watched_async

    @functools.wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        call = _Call(tap, component, name, args[0] if method else None)
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            call.end(error)
            raise
        call.end(None)
        return result

    return watched
