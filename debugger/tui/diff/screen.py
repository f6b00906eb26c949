"""The screen of a comparison: turns at the left, events side by side, the line at the cursor below."""

from __future__ import annotations

from typing import Final

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen

from debugger.tui.diff.detail import DiffDetail
from debugger.tui.diff.lines import HeadLine, KeyLine
from debugger.tui.diff.model import DiffView
from debugger.tui.diff.table import DiffTable, Moved
from debugger.tui.diff.turns import TurnColumn
from debugger.tui.help.screen import HelpScreen
from debugger.tui.keys import Where, bindings
from debugger.tui.text import safe_text

INTERRUPTED: Final = 130
"""The exit code of what was broken off."""

_TINY_HEIGHT, _LOW_HEIGHT, _NARROW_WIDTH, _SLIM_WIDTH = 12, 20, 60, 110


class DiffScreen(Screen[None]):
    """Shows a `DiffView`; before there is one, how far it is."""

    BINDINGS = bindings(Where.DIFF)
    AUTO_FOCUS = "DiffTable"
    DEFAULT_CSS = """
    DiffScreen { background: $background; }
    DiffScreen HeadLine { height: 1; background: $panel; }
    DiffScreen KeyLine { height: 1; background: $background; }
    DiffScreen #body { height: 1fr; }
    DiffScreen TurnColumn {
        width: 26; height: 1fr; border-right: solid $faint; scrollbar-size-vertical: 0; overflow-x: hidden;
    }
    DiffScreen DiffTable {
        width: 1fr; height: 1fr; scrollbar-size-vertical: 1; overflow-x: hidden; overflow-y: scroll;
    }
    DiffScreen DiffDetail {
        height: 34%; border-top: solid $faint; scrollbar-size-vertical: 1; overflow-x: hidden;
        overflow-y: scroll;
    }
    DiffScreen TurnColumn:focus { border-right: solid $border-focused; }
    DiffScreen DiffDetail:focus { border-top: solid $border-focused; }
    DiffScreen.-slim TurnColumn { width: 19; }
    DiffScreen.-narrow TurnColumn { display: none; }
    DiffScreen.-low DiffDetail { height: 5; }
    DiffScreen.-tiny DiffDetail, DiffScreen.-tiny KeyLine { display: none; }
    DiffScreen.-alone TurnColumn, DiffScreen.-alone DiffDetail { display: none; }
    """

    def __init__(self, names: tuple[str, str]) -> None:
        super().__init__()
        self.names = names
        self.view: DiffView | None = None
        self.table = DiffTable(id="table")
        self._turns = TurnColumn(id="turns")
        self._detail = DiffDetail(id="detail")
        self.head = HeadLine(id="head")
        self._keys = KeyLine(id="keys")

    def compose(self) -> ComposeResult:
        """Three parts between two lines."""
        yield self.head
        with Horizontal(id="body"):
            yield self._turns
            yield self.table
        yield self._detail
        yield self._keys

    def on_resize(self, event: events.Resize) -> None:
        """What there is no room for is not shown."""
        size = event.size
        self.set_class(size.height < _TINY_HEIGHT, "-tiny")
        self.set_class(size.height < _LOW_HEIGHT, "-low")
        self.set_class(size.width < _NARROW_WIDTH, "-narrow")
        self.set_class(size.width < _SLIM_WIDTH, "-slim")

    # --- what is shown ------------------------------------------------------------------

    def say(self, words: str, *, bad: bool = False) -> None:
        """Say how far it is, or what went wrong."""
        self.head.say(self._named(), words, bad=bad)

    def show(self, view: DiffView) -> None:
        """There it is."""
        self.view = view
        for part in (self.table, self._turns, self._detail):
            part.show(view)
        self.sync()

    def sync(self) -> None:
        """Show where the cursor is now."""
        view = self.view
        if view is None:
            return
        for part in (self.table, self._turns, self._detail):
            part.sync()
        diff = view.diff
        total, lesser = int(diff.differences.sum()), int(diff.lesser.sum())
        if diff.equal:
            words = "equal in structure"
        else:
            words = f"±{total}" + (f" and {lesser} lesser" if lesser else "")
        notes = diff.notes
        if notes:
            words += f" · ! {safe_text(notes[0])}" + (
                f" (and {len(notes) - 1} more)" if len(notes) > 1 else ""
            )
        self.say(words)

    def _named(self) -> str:
        a, b = (safe_text(name, 200) for name in self.names)
        return f"a {a} ↔ b {b}"

    # --- keys ---------------------------------------------------------------------------

    def action_move(self, step: int) -> None:
        """A line; a turn where the turns are focused."""
        if self.focused is self._detail:
            self._detail.scroll_lines(step)
        elif self.view is not None:
            if self.focused is self._turns:
                self.view.turn(step)
            else:
                self.view.move(step)
            self.sync()

    def action_page(self, step: int) -> None:
        """As many lines as are seen."""
        focused = self.focused or self.table
        self.action_move(step * max(focused.size.height - 2, 1))

    def action_edge(self, end: int) -> None:
        """The first or the last line."""
        self.action_move((1 if end else -1) * (1 << 40))

    def action_difference(self, step: int) -> None:
        """The next place where they differ."""
        if self.view is not None:
            if not self.view.difference(step):
                self.say("no more differences" if step > 0 else "no differences before this")
                return
            self.sync()

    def action_turn(self, step: int) -> None:
        """Another turn."""
        if self.view is not None:
            self.view.turn(step)
            self.sync()

    def action_divergence(self) -> None:
        """Where the recordings part."""
        if self.view is not None:
            self.view.go_first()
            self.sync()

    def action_counterpart(self) -> None:
        """The other place of what moved."""
        if self.view is not None:
            if not self.view.counterpart():
                self.say("nothing moved here")
                return
            self.sync()

    def action_fold(self) -> None:
        """Open or shut a run of equal rows."""
        if self.view is not None:
            if not self.view.fold():
                self.say("nothing is folded here")
                return
            self.sync()

    def action_unfold_all(self) -> None:
        """Open or shut all of them."""
        if self.view is not None:
            self.view.unfold_all()
            self.sync()

    def action_pane(self, step: int) -> None:
        """Another part."""
        if step > 0:
            self.focus_next()
        else:
            self.focus_previous()

    def action_maximise(self) -> None:
        """The events alone, or all parts again."""
        self.toggle_class("-alone")
        self.table.focus()

    def action_help(self) -> None:
        """The keys."""
        self.app.push_screen(HelpScreen((Where.DIFF,), alone=True))

    def action_leave(self) -> None:
        """The end, with what came out."""
        self.app.exit()

    def action_interrupt(self) -> None:
        """The end, whatever came out."""
        self.app.exit(return_code=INTERRUPTED)

    def on_moved(self, event: Moved) -> None:
        """By the mouse."""
        event.stop()
        self.sync()
