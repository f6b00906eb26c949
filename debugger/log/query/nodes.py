"""A query as a tree of values: what `parse` makes and what evaluates it takes apart."""

from __future__ import annotations

import enum
from typing import TypeAlias

from msgspec import Struct


class Kind(enum.Enum):
    """Where the values of a field are, and how they compare."""

    NAME = "a name in a column"
    TEXT = "a name in the line"
    LIST = "names in the line"
    NUMBER = "a number in a column"
    SEVERITY = "a severity"
    FAMILY = "a family"
    TIME = "a time"
    SPAN = "a span of time, from columns"
    DURATION = "a duration in the payload"
    PAYLOAD = "anything, in the payload"


class Field(Struct, frozen=True):
    """A field by its short name. ``source`` is its column, or its name in the line.

    ``path`` leads from ``source`` on: keys; a number is a place in a list, or a key of digits.
    """

    name: str
    kind: Kind
    source: str
    path: tuple[str | int, ...] = ()


# --- values ---------------------------------------------------------------------------


class Word(Struct, frozen=True):
    """A name or a glob; one that was quoted is ``literal``: its stars are stars."""

    text: str
    literal: bool = False


class Number(Struct, frozen=True):
    """A number; of a severity or a family its place in the list of them."""

    value: int | float


class Constant(Struct, frozen=True):
    """``true``, ``false`` or ``null``."""

    value: bool | None


class Duration(Struct, frozen=True):
    """A span of time in ns."""

    ns: int


class Moment(Struct, frozen=True):
    """A time in ns, from the epoch or (``daily``) from local midnight of each day.

    ``width`` is how much time the words leave open: ``14:03`` is a minute.
    """

    ns: int
    width: int
    daily: bool = False


Scalar: TypeAlias = Word | Number | Constant | Duration | Moment


class Range(Struct, frozen=True):
    """From one value to another, both included."""

    low: Scalar
    high: Scalar


Value: TypeAlias = Scalar | Range

# --- conditions -----------------------------------------------------------------------


class Text(Struct, frozen=True):
    """Free text, somewhere in the line."""

    text: str


class Compare(Struct, frozen=True):
    """A field and a value. ``operator`` is one of ``= > >= < <=``."""

    field: Field
    operator: str
    value: Value


class OneOf(Struct, frozen=True):
    """A field that equals one of several values."""

    field: Field
    values: tuple[Value, ...]


class Matches(Struct, frozen=True):
    """A field that a regular expression finds something in. ``flags``: letters of ``ims``."""

    field: Field
    pattern: str
    flags: str = ""


class Has(Struct, frozen=True):
    """A field that is there."""

    field: Field


class Not(Struct, frozen=True):
    """What does not hold."""

    part: Node


class And(Struct, frozen=True):
    """All of several."""

    parts: tuple[Node, ...]


class Or(Struct, frozen=True):
    """Any of several."""

    parts: tuple[Node, ...]


Condition: TypeAlias = Text | Compare | OneOf | Matches | Has
Node: TypeAlias = Condition | Not | And | Or
