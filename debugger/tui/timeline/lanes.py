"""Which lane an event is in, and the order of lanes."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from debugger.log import ABSENT, NONE, SYNTHETIC, EventLog
from debugger.tui.graph.model import VOICE
from debugger.tui.text import safe_text

Rows = slice | NDArray[np.int64]
Keys = NDArray[np.int64]

_TURN_BITS: Final = 32
_TURN_MASK: Final = (1 << _TURN_BITS) - 1
_LABEL: Final = 40


class By(enum.Enum):
    """What a lane stands for."""

    COMPONENT = "component"
    SESSION = "session"
    TURN = "turn"
    WORKER = "worker"
    TASK = "task"

    @property
    def next(self) -> By:
        """The one after it, round and round."""
        every = tuple(By)
        return every[(every.index(self) + 1) % len(every)]


class Lane(NamedTuple):
    """A lane: its key (see `lane_keys`), and a name that is safe to paint."""

    key: int
    label: str


def lane_keys(log: EventLog, by: By, rows: Rows) -> Keys:
    """The lane of each row, as a number: that of the name, or session and turn in one. 0 is 'none'."""
    if by is By.TURN:
        turns = log.column("turn")[rows].astype(np.int64)
        sessions = log.column("session")[rows].astype(np.int64)
        keys: Keys = np.where(turns == NONE, 0, (sessions << _TURN_BITS) + (turns & _TURN_MASK) + 1)
        return keys
    named: Keys = log.column(by.value)[rows].astype(np.int64)
    return named


def key_conditions(by: By, key: int) -> dict[str, int]:
    """The columns and values that say that a row is in a lane."""
    if by is not By.TURN:
        return {by.value: key}
    if key == 0:
        return {"turn": NONE}
    return {"turn": turn_of(key), "session": (key - 1) >> _TURN_BITS}


def turn_of(key: int) -> int:
    """The turn of a key by turn."""
    turn = (key - 1) & _TURN_MASK
    return turn - (1 << _TURN_BITS) if turn >> (_TURN_BITS - 1) else turn


def hidden_key(log: EventLog, by: By) -> int:
    """The lane that is never shown: the debugger's own remarks are no component. -1 for none."""
    number = log.id_of("component", SYNTHETIC) if by is By.COMPONENT else None
    return -1 if number is None else number


def ordered(log: EventLog, by: By, keys: Sequence[int]) -> list[int]:
    """Components of a voice assistant in their order, then everything as it appeared first; 'none' last."""
    if by is By.COMPONENT:
        known = {log.id_of("component", name): rank for rank, name in enumerate(VOICE)}
        return sorted(keys, key=lambda key: (key == ABSENT, known.get(key, len(VOICE)), key))
    return sorted(keys, key=lambda key: (key == ABSENT, key))


def lane_of(log: EventLog, by: By, key: int, component: int = ABSENT) -> Lane:
    """The lane of a key; `component` is named with a task."""
    if key == ABSENT:
        return Lane(key, f"no {by.value}")
    if by is By.TURN:
        session = safe_text(log.name("session", (key - 1) >> _TURN_BITS), _LABEL) or "-"
        return Lane(key, f"{session}·{turn_of(key)}")
    name = log.name(by.value, key)
    if by is By.TASK:
        # A task's name is its source and a count: the source says nothing here, its component does.
        short = safe_text(name.rpartition("/")[2] or name, _LABEL)
        return Lane(key, f"{short} {safe_text(log.name('component', component), _LABEL)}".strip())
    return Lane(key, safe_text(name, _LABEL) or "-")


def tally(keys: NDArray[Any]) -> tuple[Keys, NDArray[np.int64]]:
    """The distinct keys, ascending, and how often each is there."""
    if not len(keys):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    low, high = int(keys.min()), int(keys.max())
    if high - low < max(4 * len(keys), 4_096):  # counting is quicker than sorting
        counts = np.bincount(keys - low)
        found = np.flatnonzero(counts)
        return found + low, counts[found]
    unique, numbers = np.unique(keys, return_counts=True)
    return unique, numbers.astype(np.int64)


class Shown(NamedTuple):
    """The lanes on the screen: ``first`` is the place of the first of ``keys`` among ``every`` one in order.

    So many more are ``quiet`` in the window; ``beyond`` are busy, but too many to be put in order.
    """

    keys: tuple[int, ...]
    every: tuple[int, ...]
    first: int
    quiet: int
    beyond: int = 0


def choose(
    everybody: Sequence[int], busy: frozenset[int], rows: int, wanted: int | None, first: int
) -> Shown:
    """The lanes that fit into ``rows``, in the order of `everybody`.

    All, if there is room for all; else those that are ``busy`` in the window and ``wanted``,
    from ``first`` on, moved so that `wanted` is among them.
    """
    rows = max(rows, 1)
    if len(everybody) <= rows:
        return Shown(tuple(everybody), tuple(everybody), 0, 0)
    some = [key for key in everybody if key in busy or key == wanted]
    first = min(max(first, 0), max(len(some) - rows, 0))
    if wanted is not None and wanted in some:
        place = some.index(wanted)
        first = min(max(first, place - rows + 1), place)
    return Shown(tuple(some[first : first + rows]), tuple(some), first, len(everybody) - len(some))
