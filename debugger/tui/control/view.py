"""What the pane of what is held shows: frozen lines, safe text, no widget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from backend.events import Family, family_of
from backend.wire.control import BreakState, ControlState, HeldDelivery
from debugger.tui import units
from debugger.tui.control.model import Control
from debugger.tui.text import safe_text

GLYPHS: Final = {"delivery": "○", "break": "●", "finding": "◉", "delay": "Δ", "pace": "±"}
"""What kind of line it is, in one cell."""

ABOUT: Final = {
    "delivery": "a delivery that waits",
    "break": "a break: where its condition holds, the bus is paused (or that delivery held)",
    "finding": "a break on findings: it comes after the fact, as the debugger judges what it hears",
    "delay": "what goes to a component is delivered later",
    "pace": "the voice plays slower or faster",
}
NEXT, ALONE, DISARMED = "▸", "▣", "✗"

_NAME: Final = 60
_TEXT: Final = 300
_LONGEST: Final = 1e9  # seconds


class Line(NamedTuple):
    """One line. ``key`` is its own among those of its kind, ``why`` is said of it when it is chosen.

    ``number`` is its place among those that are chosen, 0 for none; ``event`` is the id that Enter leads to.
    """

    kind: str
    key: str
    text: str
    sender: str = ""
    receiver: str = ""
    where: str = ""
    age: str = ""
    why: str = ""
    family: Family = Family.SYSTEM
    number: int = 0
    next: bool = False
    alone: bool = False
    bad: bool = False
    event: str = ""


class HeldView(NamedTuple):
    """All of the pane: what is told above the lines, and the lines. ``calls``: all stands still."""

    told: str = ""
    runs_on: str = ""
    calls: bool = False
    bad: bool = False
    lines: tuple[Line, ...] = ()
    more: int = 0


def held_view(control: Control, chosen: Sequence[str]) -> HeldView:
    """What there is to show; ``chosen`` are deliveries in the order of their release."""
    state = control.state
    lines = [
        *_deliveries(control, state, chosen),
        *map(_break, state.breaks),
        *_findings(control),
        *(
            Line(
                "delay",
                name,
                safe_text(name, _NAME),
                age=seconds_text(seconds),
                why="what goes there comes later",
            )
            for name, seconds in state.delays.items()
        ),
    ]
    if state.pace != 1.0:
        lines.append(Line("pace", "pace", f"the voice plays {units.speed(state.pace)}"))
    told = mode_words(control)
    bad = not told
    runs_on = safe_text(", ".join(state.timeouts), _TEXT) if control.paused else ""
    return HeldView(
        told or control.lost or control.problem, runs_on, control.paused, bad, tuple(lines), state.more
    )


def mode_words(control: Control) -> str:
    """How the bus is, and by whom; empty where nobody holds it."""
    state, holder = control.state, safe_text(control.holder, _NAME)
    if state.mode == "off":
        return ""
    why = f" · {safe_text(state.why, _TEXT)}" if state.why else ""
    if state.mode == "paused":
        return f"PAUSED by {holder}{why}"
    if state.mode == "stepping":
        return f"STEPPING by {holder}{why}"
    return f"running, held by {holder}{why}"


def _deliveries(control: Control, state: ControlState, chosen: Sequence[str]) -> list[Line]:
    named = {one.delivery: safe_text(one.message_type, _NAME) for one in state.held}
    following = next((one.delivery for one in state.held if not one.alone), "") if control.paused else ""
    return [
        Line(
            "delivery",
            one.delivery,
            named[one.delivery],
            safe_text(one.sender, _NAME),
            safe_text(one.receiver, _NAME),
            _where(one),
            units.span(control.clock.since(one.since_ns)),
            _waits(one, named, following=one.delivery == following),
            family_of(one.message_type),
            chosen.index(one.delivery) + 1 if one.delivery in chosen else 0,
            one.delivery == following,
            one.alone,
            event=one.publish,
        )
        for one in state.held
    ]


def _waits(one: HeldDelivery, named: dict[str, str], *, following: bool) -> str:
    """In words: what becomes of it, and what its mailbox would give before it."""
    told = ["the next to go" if following else ""]
    if one.alone:
        told.append("held back: it stays when the rest runs")
    if one.ordered_after:
        before = [named.get(name, "one that is not listed") for name in one.ordered_after]
        told.append(f"its mailbox would give {_some(before)} first")
    return " · ".join(part for part in told if part)


def _some(names: list[str], shown: int = 3) -> str:
    rest = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {rest} more" if rest > 0 else "")


def _where(one: HeldDelivery) -> str:
    turn = "" if one.turn is None else f"turn {one.turn}"
    return " · ".join(part for part in (safe_text(one.session_id or "", 24), turn) if part)


def _break(one: BreakState) -> Line:
    does = "pauses the bus" if one.then == "pause" else "holds what it is about"
    why = f"disarmed: {safe_text(one.disarmed, _TEXT)}" if one.disarmed else does
    return Line(
        "break",
        one.name,
        safe_text(one.when_text or one.name, _TEXT),
        where=one.then,
        age=units.times(one.hits),
        why=why,
        bad=one.disarmed is not None,
    )


def _findings(control: Control) -> list[Line]:
    if not control.findings.armed:
        return []
    why = "pauses the bus after the fact: the debugger finds it in what it hears"
    often = units.times(control.findings.hits)
    return [Line("finding", "finding", "a new violation", where="pause", age=often, why=why)]


def seconds_text(seconds: float) -> str:
    """So many seconds as people read them, whatever a backend makes of them."""
    return units.span(round(min(max(seconds, 0.0), _LONGEST) * 1e9))
