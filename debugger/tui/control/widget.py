"""The pane of what is held."""

from __future__ import annotations

from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip

from backend.wire.control import Delay, Drop, Hold, Pace, Release, Unbreak
from debugger.tui import plain
from debugger.tui.control.model import Control
from debugger.tui.control.paint import guidance, head, painted, running_on
from debugger.tui.control.purposes import Breaking, Delaying, Pacing
from debugger.tui.control.view import HeldView, Line, held_view
from debugger.tui.keys import Where, bindings
from debugger.tui.lines import LineList
from debugger.tui.palette import ink
from debugger.tui.query_line.purpose import Purpose
from debugger.tui.session import Session
from debugger.tui.text import shorten

_WHY_LEAST: Final = 5  # lines of the pane from which on the last one explains


class HeldList(LineList):
    """How the bus is, then a line for each delivery that waits, each break and each delay.

    The line under the cursor stays the one it is while others come and go.
    """

    BINDINGS = bindings(Where.HELD)

    class Opened(Message):
        """A delivery was chosen: to the event of that id."""

        def __init__(self, event: str) -> None:
            super().__init__()
            self.event = event

    class Changing(Message):
        """A line is to be changed: something is typed for it."""

        def __init__(self, purpose: Purpose, text: str | None = None) -> None:
            super().__init__()
            self.purpose = purpose
            self.text = text

    def __init__(self, session: Session, control: Control, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._session = session
        self._control = control
        self._chosen: list[str] = []
        self._dropping: tuple[str, ...] = ()
        self._view = HeldView()

    @property
    def titles(self) -> tuple[str, str]:
        """As of every pane."""
        state = self._control.state
        held = len(state.held) + state.more
        parts = ["7 Held", f"{held:,}" if held else "", "bus paused" if self._control.paused else ""]
        return " · ".join(part for part in parts if part), ""

    def sync(self) -> None:
        """As of every pane."""
        waiting = {one.delivery for one in self._control.state.held}
        self._chosen = [one for one in self._chosen if one in waiting]
        view = held_view(self._control, self._chosen)
        if view != self._view:
            before, ran = self._at, not self._view.calls
            self._view = view
            place = next((at for at, line in enumerate(view.lines) if _same(line, before)), self.line)
            if ran and view.calls and (before is None or before.kind != "delivery"):
                place = 0  # it stands still now: at what comes next
            self.to(place)
            self.refresh()

    def restyle(self) -> None:
        """As of every pane."""
        self.refresh()

    # --- painting ---------------------------------------------------------------

    @property
    def count(self) -> int:
        """As of `LineList`."""
        return len(self._view.lines)

    @property
    def _top(self) -> int:
        """Lines over the list: how the bus is, and what runs on."""
        view, height = self._view, self.size.height
        if view.bad and not view.lines:
            return 0  # what is wrong has the whole pane
        if height < _WHY_LEAST:
            return 1 if view.told and height > 1 else 0
        return bool(view.told) + bool(view.runs_on)

    @property
    def body(self) -> int:
        """As of `LineList`: the last one explains, where there is room."""
        height = self.size.height
        return max(height - self._top - (height >= _WHY_LEAST), 1)

    @property
    def _at(self) -> Line | None:
        lines = self._view.lines
        return lines[self.line] if self.line < len(lines) else None

    def render_line(self, y: int) -> Strip:
        """One line."""
        view, width, top = self._view, self.room, self._top
        if y < top:
            return self._strip(head(view, width) if y == 0 else running_on(view, width))
        y -= top
        if not view.lines:
            words = plain.is_ascii(self.app)
            return self._strip(guidance(y, view, self._control, width, words=words))
        if y >= self.body:
            return self._strip([Segment(shorten(f" {self._why()}", width), ink.dim)])
        number = self.scroll_offset.y + y
        if number >= len(view.lines):
            return Strip.blank(width, self.rich_style)
        on_cursor = ink.on_cursor if self.has_focus else ink.on_cursor_unfocused
        return self._strip(painted(view.lines[number], width), on_cursor if number == self.line else None)

    def _why(self) -> str:
        line = self._at
        told = line.why if line is not None else ""
        if line is not None and line.kind == "delivery":
            told = " · ".join(part for part in (told, f"{line.text} {line.sender} → {line.receiver}") if part)
        more = f" · and {self._view.more:,} more are held that are not listed" if self._view.more else ""
        return f"{told}{more}"

    def _strip(self, segments: list[Segment], under: Style | None = None) -> Strip:
        """A whole line; the style that is applied first wins."""
        strip = Strip(segments).adjust_cell_length(self.room)
        return (strip if under is None else strip.apply_style(under)).apply_style(self.rich_style)

    # --- keys and mouse -----------------------------------------------------------

    def _meant(self) -> tuple[str, ...]:
        """The deliveries that are chosen, in their order, or the one of the line."""
        if self._chosen:
            return tuple(self._chosen)
        line = self._at
        return (line.key,) if line is not None and line.kind == "delivery" else ()

    def action_choose(self) -> None:
        """Choose a delivery, or no longer; then to the next line."""
        if self._choose():
            self.to(self.line + 1)
            self.sync()

    def _choose(self) -> bool:
        line = self._at
        if line is None or line.kind != "delivery":
            self._session.say("only deliveries are chosen, in the order of their release")
            return False
        if line.key in self._chosen:
            self._chosen.remove(line.key)
        else:
            self._chosen.append(line.key)
        self.sync()
        return True

    def action_unchoose(self) -> None:
        """Nothing is chosen."""
        self._chosen.clear()
        self.sync()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where nothing is chosen, the key is for what it is for everywhere."""
        del parameters
        return action != "unchoose" or bool(self._chosen)

    def action_release(self) -> None:
        """Let go what is meant."""
        meant = self._meant()
        if not meant:
            self._session.say("no delivery to release here")
        elif self._control.ask(Release(meant), _told("released", meant)):
            self._chosen.clear()

    def action_hold(self) -> None:
        """Hold back what is meant."""
        meant = self._meant()
        if not meant:
            self._session.say("no delivery to hold back here")
        elif self._control.ask(Hold(meant), f"{_told('held back', meant)}: {_it(meant)} when the rest runs"):
            self._chosen.clear()

    def action_drop(self) -> None:
        """Drop what is meant, at the second press; take a break, a delay or a pace away."""
        line, meant = self._at, self._meant()
        if not self._chosen and line is not None and line.kind != "delivery":
            self._take_away(line)
        elif not meant:
            self._session.say("nothing to drop here")
        elif meant != self._dropping:
            self._dropping = meant
            self._session.say(f"{_count(meant)} would never be delivered: once more to drop", bad=True)
        else:
            self._dropping = ()
            if self._control.ask(Drop(meant), _told("dropped", meant)):
                self._chosen.clear()

    def _take_away(self, line: Line) -> None:
        match line.kind:
            case "break":
                self._control.ask(Unbreak(line.key), "the break is gone")
            case "delay":
                self._control.ask(Delay(line.key, 0.0), "the delay is gone")
            case "finding":
                self._control.findings.toggle(None)
                self.sync()
            case _:
                self._control.ask(Pace(1.0), "the voice plays as it was recorded")

    def action_go(self) -> None:
        """To the event of a delivery; a break, a delay or a pace is changed."""
        line = self._at
        match None if line is None else line.kind:
            case "delivery" if line is not None:
                self.post_message(self.Opened(line.event))
            case "break" if line is not None:
                state = next((one for one in self._control.state.breaks if one.name == line.key), None)
                if state is not None:
                    purpose = Breaking(self._control, state.then, state.name)
                    self.post_message(self.Changing(purpose, state.when_text))
            case "delay" if line is not None:
                self.post_message(self.Changing(Delaying(self._control, line.key)))
            case "pace":
                self.post_message(self.Changing(Pacing(self._control)))

    def on_click(self, event: events.Click) -> None:
        """Choose a line; the chosen one again: go there. On its sign: choose it for release."""
        y = event.y - self._top
        number = self.scroll_offset.y + y
        if not 0 <= y < self.body or number >= self.count:
            return
        again = number == self.line
        self.to(number)
        if event.x < _SIGNS:
            self._choose()
        elif again:
            self.action_go()


_SIGNS: Final = 4  # cells: the next one, its place among the chosen


def _same(line: Line, other: Line | None) -> bool:
    return other is not None and (line.kind, line.key) == (other.kind, other.key)


def _count(meant: tuple[str, ...]) -> str:
    return "this delivery" if len(meant) == 1 else f"these {len(meant):,} deliveries"


def _told(done: str, meant: tuple[str, ...]) -> str:
    return f"{done} {'one delivery' if len(meant) == 1 else f'{len(meant):,} deliveries'}"


def _it(meant: tuple[str, ...]) -> str:
    return "it stays" if len(meant) == 1 else "they stay"
