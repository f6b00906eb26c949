"""Compares two snapshots of a state: which keys changed, and how."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from backend.wire.query.nodes import MISSING, Missing
from debugger.analysis.conflicts.records import LONG, Shape

_DEEPEST: Final = 6  # what is nested further is compared as a whole
_SHORT: Final = frozenset({int, bool, float, type(None), Missing})
_FEW: Final = 64  # characters
_LONGEST: Final = 1 << 16  # of texts and lists that are compared for growth
_SET, _ADD = Shape.SET, Shape.ADD


class Change(NamedTuple):
    """A key, dotted, whose value differs in two snapshots; `MISSING` where there is none."""

    key: str
    old: Any
    new: Any


Written = tuple[str, Shape, Any, Any]
"""A change as it is kept: the key, how it was made, and the two values where they are `short`."""


def differences(old: Mapping[str, Any], new: Mapping[str, Any], most: int) -> Sequence[Written]:
    """What differs, as `changes` has it and `written` keeps it, in a third of the time."""
    found: list[Written] = []
    _different("", old, new, _DEEPEST, found)
    return found if len(found) <= most else found[:most]


def _different(
    prefix: str, old: Mapping[str, Any], new: Mapping[str, Any], depth: int, found: list[Written]
) -> None:
    same = 0
    for name, value in new.items():
        before = old.get(name, MISSING)
        if before is not MISSING:
            same += 1
            kind = value.__class__
            if kind is before.__class__:
                if before == value:
                    continue
                if kind is int:
                    how = _ADD if -2 < value - before < 2 else _SET  # noqa: PLR2004 - one up or down
                    found.append((prefix + name, how, before, value))
                    continue
                if kind is dict and depth:
                    _different(f"{prefix}{name}.", before, value, depth - 1, found)
                    continue
        changed: list[Change] = []
        _compared(prefix + name, before, value, depth, changed)
        found += written(changed)
    if same < len(old):
        for name, before in old.items():
            if name not in new:
                changed = []
                _compared(prefix + name, before, MISSING, depth, changed)
                found += written(changed)


def written(found: Iterable[Change]) -> list[Written]:
    """Changes as they are kept."""
    return [(key, shape(old, new), short(old), short(new)) for key, old, new in found]


def changes(old: Mapping[str, Any], new: Mapping[str, Any], most: int) -> list[Change]:
    """What differs, key by key, in the order of `new`, what is gone last; `most` at the most.

    Objects are looked into, lists are values. 1, 1.0 and true differ, but not within objects and lists of
    which all else is equal.
    """
    found: list[Change] = []
    _differing("", old, new, _DEEPEST, found)
    return found if len(found) <= most else found[:most]


def _differing(
    prefix: str, old: Mapping[str, Any], new: Mapping[str, Any], depth: int, found: list[Change]
) -> None:
    same = 0
    for name, value in new.items():
        before = old.get(name, MISSING)
        if before is not MISSING:
            same += 1
            if before == value and before.__class__ is value.__class__:
                continue
        _compared(prefix + name, before, value, depth, found)
    if same < len(old):
        for name, before in old.items():
            if name not in new:
                _compared(prefix + name, before, MISSING, depth, found)


def _compared(key: str, old: Any, new: Any, depth: int, found: list[Change]) -> None:
    objects = (type(old) is dict) + (type(new) is dict)
    if not depth or not objects:
        found.append(Change(key, old, new))
        return
    before: Mapping[str, Any] = old if type(old) is dict else {}
    after: Mapping[str, Any] = new if type(new) is dict else {}
    _differing(f"{key}.", before, after, depth - 1, found)
    gone_or_new = old is MISSING or new is MISSING
    if objects == 1 and not (gone_or_new and (before or after)):
        found.append(Change(key, old, new))  # an empty one came or went, or it was something else


def shape(old: Any, new: Any) -> Shape:
    """How a value was made of the one before."""
    kind = type(new)
    if kind is not type(old) or (kind is not int and kind is not list):
        return Shape.SET
    if kind is int:
        return Shape.ADD if abs(new - old) == 1 else Shape.SET
    if not len(old) < len(new) <= _LONGEST:
        return Shape.SET
    return Shape.GROW if new[: len(old)] == old else Shape.SET


def short(value: Any) -> Any:
    """A value that can be kept; else `LONG`."""
    known = type(value)
    return value if known in _SHORT or (known is str and len(value) <= _FEW) else LONG


def leaves(value: Any, key: str, most: int) -> list[str]:
    """The keys at and below a key, as `changes` names them."""
    if type(value) is not dict or not value:
        return [key]
    found: list[str] = []
    to_do = [(key, value, _DEEPEST)]
    while to_do and len(found) < most:
        name, inside, depth = to_do.pop()
        if depth and type(inside) is dict and inside:
            to_do += [(f"{name}.{one}", part, depth - 1) for one, part in reversed(inside.items())]
        else:
            found.append(name)
    return found


def known_keys(state: Mapping[str, Any], key: str, most: int) -> list[str]:
    """The keys of a state that a declared one means: those below it, or the value that it is in."""
    value: Any = state
    at = ""
    for step in key.split("."):
        if type(value) is not dict or step not in value:
            return [at] if at and type(value) is not dict else [key]
        value = value[step]
        at = f"{at}.{step}" if at else step
    return leaves(value, key, most)
