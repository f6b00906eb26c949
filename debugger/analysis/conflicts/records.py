"""The values that conflicts are made of, and the bounds of what is kept of them."""

from __future__ import annotations

import enum
from typing import Any, Final, NamedTuple

from msgspec import Struct

NO_TASK: Final = -1
"""In place of a task's number."""

READ: Final = 0
WRITE: Final = 1
LEFT: Final = 2
RIGHT: Final = 3

CLASHES: Final = (
    (False, True, False, False),
    (True, True, False, False),
    (False, False, False, True),
    (False, False, True, False),
)
"""By what two touches do: whether they clash. `LEFT` and `RIGHT` are the sides of a `MessagePair`."""


class Shape(enum.IntEnum):
    """How a write made the new value of the old one, as far as the two tell."""

    SET = 0
    ADD = 1
    """A counter went up or down by one: such steps may come in any order."""
    GROW = 2
    """Something was put at the end of a list: nothing of it is lost, whoever comes first."""
    SAME = 3
    """It was declared as written, or announced, but is what it was."""
    NONE = 4
    """No write."""


class Place(NamedTuple):
    """Whose state: a component in a session, of one process. Numbers are the log's; the name is the key's."""

    component: str
    session: int
    source: int


class Touch(NamedTuple):
    """An event shows that its segment read or wrote a key of a state.

    ``task`` is -1 for none. ``locks`` are those that the segment held at some time. ``old`` and ``new`` are
    what a write changed, where they are short; else `LONG`.
    """

    row: int
    segment: int
    task: int
    kind: int
    shape: Shape
    locks: frozenset[str]
    old: Any = None
    new: Any = None


LONG: Final = object()
"""Stands for a value that is not kept."""


class Ease(enum.Enum):
    """Why a race is only worth a note. The value is the reason in words."""

    NONE = ""
    COMMUTES = "both count or add to it, so either order gives the same"
    UNDONE = "the second only takes back what the first had set: without it there is nothing to take back"
    GUARDED = "the second looked at the component's state first, in the same step"
    TURN = "they belong to two turns, and what is late can be told by its turn"
    TURNS = "they are handled one by one, and belong to two turns: what is late can be told by its turn"
    COVERED = "a rule looks at this order by itself, and says when it goes wrong"


class MessagePair(Struct, frozen=True):
    """Two types of message that a component may not get in either order: a rule of who knows it.

    ``component`` None means any that gets both. A type may be paired with itself.
    """

    left: str
    right: str
    component: str | None = None


class Clash(NamedTuple):
    """Two touches of one key that nothing orders, one of them a write; `first` is the earlier in the log."""

    place: Place
    key: str
    first: Touch
    second: Touch

    @property
    def ease(self) -> Ease:
        """Whether both orders give the same, as far as the values tell."""
        first, second = self.first, self.second
        if first.shape == second.shape and first.shape in (Shape.ADD, Shape.GROW):
            return Ease.COMMUTES
        if first.kind == second.kind == WRITE and Shape.SET in (first.shape, second.shape):
            undone = (
                first.old == second.new and first.new == second.old and LONG not in (first.old, first.new)
            )
            return Ease.UNDONE if undone else Ease.NONE
        return Ease.NONE


class Race(Struct, frozen=True):
    """Two segments in a race, and over which keys; told of the first of its kind.

    ``ease`` says why it is only worth a note. ``like`` counts later segments in a race of the same two kinds
    of activation in the same component, ``covered`` clashes that would be ordered if this was. ``pair``: the
    key names two types of message instead.
    """

    place: Place
    keys: tuple[str, ...]
    first: Touch
    second: Touch
    ease: Ease
    pair: bool = False
    like: int = 0
    covered: int = 0


class Update(Struct, frozen=True):
    """A read that a write relies on, across awaits, and another activation's write that is or may be between.

    Rows. ``other_read`` is -1 where the other one did not read the key before. ``happened``: the log shows
    it; else another schedule can. ``on`` is what was written instead, ``component.key``, where the key was
    only looked at.
    """

    place: Place
    key: str
    read: int
    other_read: int
    other_write: int
    write: int
    happened: bool
    like: int = 0
    on: str = ""


class Limits(Struct, frozen=True):
    """Bounds. Beyond them conflicts may be missed, never made up; `Counts` says how much was left out."""

    places: int = 1 << 14
    """States that are followed: the ones that were touched last."""
    keys: int = 1 << 10
    """Keys of one state, the same."""
    changes: int = 256
    """Changes that one event can show."""
    writes: int = 4
    """Unordered writes of a key that are remembered."""
    reads: int = 8
    tasks: int = 1 << 14
    """Activations whose reads and locks are remembered."""
    reach: int = 1 << 18
    """Rows between the two events of a conflict: what is further apart is taken to be ordered."""
    idle: int = 1 << 20
    """Rows without a word of a state, after which its session is taken to be over, and it is forgotten."""
    kept: int = 1_000
    """Races, and updates, that are told one by one."""
    recent: int = 64
    """Races of one session that are asked whether they explain a new one."""


class Counts(Struct, frozen=True):
    """What was seen: touches, clashes before they were folded, and what was left out."""

    rows: int
    reads: int
    writes: int
    unattributed: int
    clashes: int
    serialised: int
    races: int
    updates: int
    folded: int
    dropped: int
