"""A query as a tree of values: what the debugger parses, what evaluates it, and what goes to a backend.

In JSON each node is an object that says what it ``is``, and nothing of the query is lost on the way.
The types are the check: what decodes as a `Node` is one.
"""

from __future__ import annotations

import enum
from typing import Final, TypeAlias

from msgspec import Struct


class Missing(enum.Enum):
    """The type of `MISSING`."""

    MISSING = "missing"

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing.MISSING
"""In place of a value: the field is not there, or nothing is known of it."""


class Kind(enum.Enum):
    """Where the values of a field are, and how they compare."""

    NAME = "name"
    """A name in a column."""
    TEXT = "text"
    """A name in the line."""
    LIST = "list"
    """Names in the line."""
    NUMBER = "number"
    """A number in a column."""
    SEVERITY = "severity"
    FAMILY = "family"
    TIME = "time"
    SPAN = "span"
    """A span of time, from columns."""
    DURATION = "duration"
    """A duration in the payload."""
    PAYLOAD = "payload"
    """Anything, in the payload."""


class Field(Struct, frozen=True, omit_defaults=True):
    """A field by its short name. ``source`` is its column, or its name in the line.

    ``path`` leads from ``source`` on: keys; a number is a place in a list, or a key of digits.
    """

    name: str
    kind: Kind
    source: str
    path: tuple[str | int, ...] = ()


# --- values ---------------------------------------------------------------------------


class Word(Struct, frozen=True, tag_field="is", tag="word"):
    """A name or a glob; one that was quoted is ``literal``: its stars are stars."""

    text: str
    literal: bool = False


class Number(Struct, frozen=True, tag_field="is", tag="number"):
    """A number; of a severity or a family its place in the list of them."""

    value: int | float


class Constant(Struct, frozen=True, tag_field="is", tag="constant"):
    """``true``, ``false`` or ``null``."""

    value: bool | None


class Duration(Struct, frozen=True, tag_field="is", tag="duration"):
    """A span of time in ns."""

    ns: int


class Moment(Struct, frozen=True, tag_field="is", tag="moment"):
    """A time in ns, from the epoch or (``daily``) from local midnight of each day.

    ``width`` is how much time the words leave open: ``14:03`` is a minute.
    """

    ns: int
    width: int
    daily: bool = False


Scalar: TypeAlias = Word | Number | Constant | Duration | Moment


class Range(Struct, frozen=True, tag_field="is", tag="range"):
    """From one value to another, both included."""

    low: Scalar
    high: Scalar


Value: TypeAlias = Scalar | Range

# --- conditions -----------------------------------------------------------------------


class Text(Struct, frozen=True, tag_field="is", tag="text"):
    """Free text, somewhere in the line."""

    text: str


class Compare(Struct, frozen=True, tag_field="is", tag="compare"):
    """A field and a value. ``operator`` is one of ``= > >= < <=``."""

    field: Field
    operator: str
    value: Value


class OneOf(Struct, frozen=True, tag_field="is", tag="one_of"):
    """A field that equals one of several values."""

    field: Field
    values: tuple[Value, ...]


class Matches(Struct, frozen=True, tag_field="is", tag="matches"):
    """A field that a regular expression finds something in. ``flags``: letters of ``ims``."""

    field: Field
    pattern: str
    flags: str = ""


class Has(Struct, frozen=True, tag_field="is", tag="has"):
    """A field that is there."""

    field: Field


class Not(Struct, frozen=True, tag_field="is", tag="not"):
    """What does not hold."""

    part: Node


class And(Struct, frozen=True, tag_field="is", tag="and"):
    """All of several."""

    parts: tuple[Node, ...]


class Or(Struct, frozen=True, tag_field="is", tag="or"):
    """Any of several."""

    parts: tuple[Node, ...]


Condition: TypeAlias = Text | Compare | OneOf | Matches | Has
Node: TypeAlias = Condition | Not | And | Or
