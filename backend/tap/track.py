"""Attributes that tell who looks at them and who changes them, so that lost updates can be seen."""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any

from backend.events.vocabulary import STATE_CHANGE
from backend.tap.context import current
from backend.tap.probe import Probe
from backend.tap.tap import Tap

_quiet: ContextVar[bool] = ContextVar("doubletalk_quiet", default=False)
"""Whether the running code makes a snapshot: what that looks at, nobody's work depends on."""

_MISSING = object()
TRACKED = "_doubletalk_looks"
"""The attribute of an object in which it is kept who looked at it; its class has `Tracked` ones."""


class _Looks:
    """Which activations have seen the value as it is now. One of an object and key."""

    __slots__ = ("seen",)

    def __init__(self) -> None:
        self.seen: set[str | None] = set()


class Tracked:
    """A data attribute of a watched class.

    Writing it is a ``state_change`` that names it in ``writes``, also where the value is the same. Looking
    at it is a ``state_read``, once for each activation and value. What is *in* a list or a dict is not seen.
    """

    def __init__(self, tap: Tap, component: str, key: str, default: object = _MISSING) -> None:
        self._tap = tap
        self._component = component
        self._key = key
        self._default = default
        self._written = (f"{component}.{key}",)

    def __get__(self, owner: object | None, kind: type | None = None) -> Any:
        if owner is None:
            if self._default is _MISSING:
                raise AttributeError(f"{kind!r} has no attribute {self._key!r}")
            return self._default
        value = vars(owner).get(self._key, self._default)
        if value is _MISSING:
            raise AttributeError(f"{type(owner).__name__!r} object has no attribute {self._key!r}")
        if not _quiet.get():
            self._looked(owner)
        return value

    def __set__(self, owner: object, value: object) -> None:
        vars(owner)[self._key] = value
        looks = self._looks(owner)
        looks.seen = {current.get().task}
        self._probe(owner).emit(STATE_CHANGE, None, {"key": self._key}, writes=self._written)

    def __delete__(self, owner: object) -> None:
        if self._key not in vars(owner):
            raise AttributeError(self._key)
        del vars(owner)[self._key]
        self._looks(owner).seen.clear()
        self._probe(owner).emit(STATE_CHANGE, None, {"key": self._key}, writes=self._written)

    def _looked(self, owner: object) -> None:
        task, looks = current.get().task, self._looks(owner)
        if task not in looks.seen:
            looks.seen.add(task)
            self._probe(owner).state_read(self._key)

    def _looks(self, owner: object) -> _Looks:
        kept: dict[str, _Looks] = vars(owner).setdefault(TRACKED, {})
        looks = kept.get(self._key)
        if looks is None:
            looks = kept[self._key] = _Looks()
        return looks

    def _probe(self, owner: object) -> Probe:
        return Probe(self._tap, self._component, lambda: snapshot_of(owner))


def snapshot_of(owner: object) -> dict[str, Any]:
    """The ``get_debug_state`` of an object, or what is tracked of it. Looking is not told."""
    token = _quiet.set(True)
    try:
        own = getattr(owner, "get_debug_state", None)
        if own is not None:
            return dict(own())
        return {key: getattr(owner, key) for key in _keys(type(owner)) if hasattr(owner, key)}
    finally:
        _quiet.reset(token)


def _keys(kind: type) -> list[str]:
    return [
        key
        for one in reversed(kind.__mro__)
        for key, value in vars(one).items()
        if isinstance(value, Tracked)
    ]


def track(tap: Tap, component: str, target: type, keys: Iterable[str]) -> None:
    """Replace attributes of a class by `Tracked` ones. They begin as the class's own values, if it has them.

    Raises:
        TypeError: instances have no ``__dict__``, or a key is a method, a property or a slot.
    """
    if not any("__dict__" in vars(kind) for kind in target.__mro__):
        raise TypeError(f"{target.__qualname__} has only slots: its attributes cannot be tracked")
    for key in keys:
        default = next((vars(kind)[key] for kind in target.__mro__ if key in vars(kind)), _MISSING)
        if default is not _MISSING and (callable(default) or hasattr(type(default), "__get__")):
            raise TypeError(f"{target.__qualname__}.{key} is no data attribute: it cannot be tracked")
        setattr(target, key, Tracked(tap, component, key, default))
