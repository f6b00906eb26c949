"""What the status line says of a bus that is held: as much to those who only watch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from debugger.tui.control.model import Control
from debugger.tui.palette import ink
from debugger.tui.status.part import Part
from debugger.tui.text import safe_text, shorten

if TYPE_CHECKING:
    from debugger.tui.session import Session


def control_parts(session: Session) -> list[Part]:
    """That it is paused, by whom, and what runs on all the same; nothing where nobody holds it."""
    control = session.control
    if control is None or control.state.mode == "off":
        return []
    holder = shorten(safe_text(control.holder), 24)
    if not control.paused:
        return [Part(f"bus held by {holder}{_armed(control)}", ink.accent, 5)]
    held = len(control.state.held) + control.state.more
    verb = "STEPPING" if control.state.mode == "stepping" else "PAUSED"
    parts = [
        Part(f" BUS {verb} by {holder} ", ink.inverse(ink.colours.yellow), 11, f"BUS {verb}"),
        Part(f"{held:,} held", ink.warn, 8),
    ]
    if control.state.timeouts:
        names = shorten(safe_text(", ".join(control.state.timeouts)), 48)
        parts.append(Part(f"runs on: {names}", ink.warn, 7))
    return parts


def _armed(control: Control) -> str:
    state = control.state
    held = len(state.held) + state.more
    told = [f"{held:,} held"] if held else []
    if state.breaks:
        told.append(f"{len(state.breaks):,} break{'' if len(state.breaks) == 1 else 's'}")
    if state.delays:
        told.append(f"{len(state.delays):,} delayed")
    return "".join(f" · {one}" for one in told)
