"""What is ready to run, or will be."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable
from contextvars import Context, copy_context
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from backend.tap.drain import Drain

if TYPE_CHECKING:
    from backend.simulation.loop import SimulatedLoop


class Lane(enum.Enum):
    """In what order handles may run."""

    CALLBACK = "callback"
    """asyncio promises the order of callbacks; what tells of a task's end comes before whoever awaits it
    goes on. So callbacks keep their order, and no step overtakes an older callback."""
    TASK = "task"
    """A step of a task: any of them may be next. A task is ready at most once."""
    OUTSIDE = "outside"
    """A timer that fired, or what comes from outside: may be late, so that anything overtakes it."""
    MACHINERY = "machinery"
    """The recording's own timer, which the program does not see: runs when it is due, and is no choice."""


# Looking up a member of an enum takes as long as a call, and this is done at each step.
CALLBACK, TASK, OUTSIDE, MACHINERY = Lane


class ReadyHandle(asyncio.Handle):
    """A callback, of a task or not, that is ``ready`` until it runs. ``due`` is since when."""

    __slots__ = ("due", "kind", "ready")
    waiting = False
    _callback: Callable[..., object]
    _loop: SimulatedLoop

    def __init__(
        self,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        loop: SimulatedLoop,
        context: Context | None,
        kind: Lane,
    ) -> None:
        # The base's constructor asks for what is known here, and takes twice the time.
        self._context = copy_context() if context is None else context
        self._loop = loop
        self._callback = callback
        self._args = args
        self._cancelled = False
        self._repr = None
        self._source_traceback = None
        self.kind = kind
        self.due = loop.agenda.now
        self.ready = True

    def cancel(self) -> None:
        """As asyncio's."""
        if not self._cancelled:
            self._loop.agenda.cancelled(self)
            super().cancel()

    @property
    def lane(self) -> int:
        """See `Alternative`."""
        return self._loop.number_of(_owner(self._callback)) if self.kind is TASK else 0

    @property
    def label(self) -> str:
        """See `Alternative`."""
        return label_of(self._callback)


class LaterHandle(asyncio.TimerHandle):
    """A callback that a timer brings: ``waiting`` until it is due, then ``ready``; ``number`` is from 1."""

    __slots__ = ("due", "kind", "name", "number", "ready", "waiting")
    _callback: Callable[..., object]

    def __init__(
        self,
        when: float,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        loop: SimulatedLoop,
        context: Context | None,
        kind: Lane,
        number: int,
        name: str = "",
    ) -> None:
        self._context = copy_context() if context is None else context
        self._loop = loop
        self._callback = callback
        self._args = args
        self._cancelled = False
        self._repr = None
        self._source_traceback = None
        self._when = when
        self._scheduled = True
        self.waiting = True
        self.ready = False
        self.kind = kind
        self.due = when
        self.number = number
        self.name = name

    @property
    def lane(self) -> int:
        """See `Alternative`; -1 is `TIME_PASSES`."""
        return -1 - self.number

    @property
    def label(self) -> str:
        """See `Alternative`."""
        return self.name or f"timer {label_of(self._callback)}"

    def belongs_to(self, owner: object) -> bool:
        """Whether its callback is called with this for its first argument."""
        return bool(self._args) and self._args[0] is owner

    def now(self) -> None:
        """Run it at once, and not again."""
        callback, args = self._callback, self._args
        self.cancel()
        callback(*args)


def lane_of(callback: object) -> Lane:
    """What a callback is."""
    kind = type(callback)
    if kind is FunctionType:
        return CALLBACK
    if kind is BuiltinFunctionType:
        return TASK if getattr(callback, "__name__", "") == "task_wakeup" else CALLBACK
    if kind is MethodType:
        owner = getattr(callback, "__self__", None)
        if isinstance(owner, Drain):
            return MACHINERY
        steps = isinstance(owner, _PyTask) and getattr(callback, "__name__", "") in _PY_STEPS
        return TASK if steps else CALLBACK
    return TASK if kind.__name__ == "TaskStepMethWrapper" else CALLBACK


# asyncio's task in Python, where the one in C is not to be had: its steps are methods.
_PyTask: type = getattr(asyncio.tasks, "_PyTask", asyncio.Task)
_PY_STEPS = ("__step", "__wakeup")


def _owner(callback: object) -> Any:
    return getattr(callback, "__self__", None)


def label_of(callback: object) -> str:
    """A callback's name for people: its task's, or the function's."""
    owner = _owner(callback)
    if isinstance(owner, asyncio.Task):
        return owner.get_name()
    function = getattr(callback, "func", callback)  # of a partial
    return str(getattr(function, "__qualname__", type(function).__qualname__))
