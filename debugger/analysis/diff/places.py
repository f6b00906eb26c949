"""Events and the ways to them, as they are told."""

from __future__ import annotations

from typing import Final

from debugger.analysis.diff.facts import OneSide
from debugger.analysis.diff.forest import ROOT
from debugger.analysis.diff.records import Place
from debugger.log import NONE, EventLog

_HEAD, _TAIL = 3, 8
_WALKED = 5_000  # steps up, of a chain that may have a million
SIGNS: Final = {"message_published": "sends", "message_received": "gets", "message_handled": "has handled"}


def place_of(log: EventLog, row: int) -> Place:
    """An event, from columns alone."""
    seq = int(log.column("seq")[row])
    return Place(
        row,
        None if seq == NONE else seq,
        int(log.column("timestamp_ns")[row]),
        log.name("component", int(log.column("component")[row])),
        log.name("event_type", int(log.column("event_type")[row])),
        log.interner("message_type").value(int(log.column("message_type")[row])),
    )


def label_of(place: Place) -> str:
    """An event in a few words: ``overseer gets COMPLETE_TRANSCRIPT``."""
    what = place.event_type.replace("_", " ")
    if place.message_type is None:
        return f"{place.component}: {what}"
    sign = SIGNS.get(place.event_type)
    return (
        f"{place.component} {sign} {place.message_type}"
        if sign
        else f"{place.component}: {what} {place.message_type}"
    )


def path_to(side: OneSide, row: int) -> tuple[str, ...]:
    """What led to an event, from the root of its turn down, without itself; a long way is cut."""
    above: list[int] = []
    parent = int(side.forest.parents[row])
    while parent != ROOT and len(above) < _WALKED:
        above.append(parent)
        parent = int(side.forest.parents[parent])
    above.reverse()
    if parent != ROOT:
        return ("… thousands more …", *(_label(side, one) for one in above[-_TAIL:]))
    left_out = len(above) - _HEAD - _TAIL
    if left_out > 1:
        tail = [_label(side, one) for one in above[-_TAIL:]]
        return (*(_label(side, one) for one in above[:_HEAD]), f"… {left_out} more …", *tail)
    return tuple(_label(side, one) for one in above)


def _label(side: OneSide, row: int) -> str:
    return label_of(place_of(side.log, row))
