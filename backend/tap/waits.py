"""Joins that asyncio makes by callbacks: `gather`, `wait`, `wait_for` and task groups.

None of them awaits its tasks: each adds a callback that completes a future when enough of them ended, and
the caller waits for that one. What is added is known by its name in asyncio's source; a callback of another
name is left as it is, so that at worst a join is missing in the record, as it is of a future that
nobody waits for at the moment it is completed.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol
from weakref import WeakKeyDictionary

from backend.tap.context import Activation, current


class Child(Protocol):
    """What can be joined."""

    activation: Activation

    def joined(self) -> None:
        """Say so, in the name of the running activation."""


Callback = Callable[[Any], object]

_FUTURES: Final = {
    "gather.<locals>._done_callback": "outer",
    "_wait.<locals>._on_completion": "waiter",
}
"""Callbacks by name, and the variable that holds the future which their caller waits for."""

_ended: WeakKeyDictionary[Any, list[Child]] = WeakKeyDictionary()
"""By what is waited for: the children that have ended, and are not joined yet."""


def joining(child: Child, callback: Callback) -> Callback:
    """The callback, or one that also reports the joins which it makes."""
    function = getattr(callback, "__func__", None)
    if function is not None:
        if function is getattr(asyncio.TaskGroup, "_on_task_done", None):
            group = getattr(callback, "__self__", None)
            return _GroupCallback(child, callback, lambda: group)
        return callback
    if isinstance(callback, functools.partial):
        args = callback.args
        released = getattr(callback.func, "__qualname__", "") == "_release_waiter" and len(args) > 0
        return _Callback(child, callback, lambda: args[0]) if released else callback
    name = _FUTURES.get(getattr(callback, "__qualname__", ""))
    if name is None:
        return callback
    return _Callback(child, callback, functools.partial(_variable, callback, name))


def _variable(function: Any, name: str) -> Any:
    """What a closure holds under a name now: `gather` makes its future after it has added callbacks."""
    names = function.__code__.co_freevars
    return function.__closure__[names.index(name)].cell_contents if name in names else None


class _Callback:
    """Equal to what it stands for, so that it can be removed."""

    def __init__(self, child: Child, callback: Callback, find: Callable[[], Any]) -> None:
        self._child = child
        self._callback = callback
        self._find = find

    def __call__(self, task: Any) -> None:
        future = self._find()
        if future is None:
            self._callback(task)
            return
        ended = _ended.setdefault(future, [])
        ended.append(self._child)
        waited = self._waited(future)
        self._callback(task)
        if waited and self._complete(future):
            with self._joiner(future):
                for child in ended:
                    child.joined()
            ended.clear()

    def __eq__(self, other: object) -> bool:
        return self._callback == (other._callback if isinstance(other, _Callback) else other)

    def __hash__(self) -> int:
        return hash(self._callback)

    def _waited(self, future: Any) -> bool:
        return bool(getattr(future, "_callbacks", None))

    def _complete(self, future: Any) -> bool:
        return bool(future.done())

    @contextmanager
    def _joiner(self, _future: Any) -> Iterator[None]:
        """A callback runs in the context of who added it."""
        yield


class _GroupCallback(_Callback):
    """Of a task group: who waits is the task that it belongs to, once that has come to its end."""

    def _waited(self, future: Any) -> bool:
        return getattr(future, "_on_completed_fut", None) is not None

    def _complete(self, future: Any) -> bool:
        return bool(future._on_completed_fut.done())  # noqa: SLF001 - asyncio says it nowhere else

    @contextmanager
    def _joiner(self, future: Any) -> Iterator[None]:
        parent = getattr(getattr(future, "_parent_task", None), "_child", None)
        if parent is None:
            yield
            return
        token = current.set(parent.activation)
        try:
            yield
        finally:
            current.reset(token)
