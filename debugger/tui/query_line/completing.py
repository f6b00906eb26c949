"""Taking what could follow: at once if it is the only one, else one after the other."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple

from debugger.log import EventLog
from debugger.log.query import complete
from debugger.log.query.complete import Completion
from debugger.log.query.fields import ABOUT

_PATH: Final = "in the payload"
_ROOTS: Final = ("data.", "state.")


class Typed(NamedTuple):
    """A line as it stands, and where one types in it."""

    text: str
    position: int


class Cycle(NamedTuple):
    """What is being chosen from: the line before, the offers for it, and the one that is in it ``now``."""

    before: Typed
    offers: tuple[Completion, ...]
    number: int
    now: Typed


def offers_for(typed: Typed, log: EventLog | None, without: Collection[str] = ()) -> tuple[Completion, ...]:
    """What could stand where one types, but for the fields `without`."""
    return tuple(complete(typed.text, typed.position, log, without))


def take(
    typed: Typed, cycle: Cycle | None, log: EventLog | None, step: int, without: Collection[str] = ()
) -> tuple[Typed, Cycle | None]:
    """The line with what follows in it, and what it was chosen from; None where there was no choice.

    Of several the first is taken, or the last for a ``step`` of -1, and from then on the next one in
    that direction, as long as nothing else is typed. A name that is whole already is gone on with.
    """
    if cycle is not None and cycle.now == typed:
        number = (cycle.number + step) % len(cycle.offers)
        now = _put(cycle.before, cycle.offers[number], "")
        return now, cycle._replace(number=number, now=now)
    offers = offers_for(typed, log, without)
    if not offers:
        return typed, None
    whole = next((one for one in offers if one.text == typed.text[one.start : typed.position]), None)
    if whole is not None or len(offers) == 1:
        only = whole or offers[0]
        return _put(typed, only, _behind(only)), None
    number = 0 if step > 0 else len(offers) - 1
    now = _put(typed, offers[number], "")
    return now, Cycle(typed, offers, number, now)


def _put(typed: Typed, offer: Completion, behind: str) -> Typed:
    """The offer in the place of what was typed of it."""
    rest = typed.text[typed.position :]
    if behind and rest.startswith(behind):
        rest = rest[len(behind) :]
    head = typed.text[: offer.start] + offer.text + behind
    return Typed(head + rest, len(head))


def _behind(offer: Completion) -> str:
    """What comes behind a name that is whole: a field wants a value, all others the next word."""
    if offer.text in _ROOTS:
        return ""
    if ABOUT.get(offer.text) == offer.about or offer.about == _PATH:
        return ":"
    return "" if offer.text.endswith("(") else " "
