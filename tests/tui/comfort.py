"""A small application with what belongs to no pane: status line, key bar, help, palette, hint.

Run as a program, it shows itself on the terminal, in ASCII where that is wanted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.filter import LineFilter
from textual.screen import Screen
from textual.widgets import Static

from backend.events import decode_line
from debugger.tui import plain, themes
from debugger.tui.commands.catalogue import Sources, catalogue, run
from debugger.tui.commands.screen import CommandPalette
from debugger.tui.help.hint import FirstRunHint
from debugger.tui.help.screen import HelpScreen
from debugger.tui.keys import APP, Where, bindings
from debugger.tui.session import Link, Mode, Session
from debugger.tui.status.lines import KeyBar, StatusLine
from debugger.tui.typed_ahead import KeysInOrder


def events_of_turns(count: int = 20) -> list[bytes]:
    """Events of two turns of a session, each of them published."""
    return [
        json.dumps(
            {
                "timestamp": 1_795_000_000 + seq / 100,
                "event_type": "message_published",
                "component": "overseer",
                "message_type": "BEGIN_AI_TURN",
                "session_id": "s1",
                "direction": "publish",
                "source": "assistant-1",
                "seq": seq,
                "turn": 1 + (seq - 1) // 10,
            }
        ).encode()
        for seq in range(1, count + 1)
    ]


def session_of(lines: Sequence[bytes], mode: Mode = Mode.REPLAY) -> Session:
    session = Session(mode, Link("talk.jsonl"), lambda: 1_000_000_000)
    session.log.append_many(list(lines), [decode_line(line) for line in lines])
    return session


UNUSUAL = "┌─┬─┐ │✓│ ▶ ▁▂▃▄▅▆▇█ ⣿ → é ß 宽 🧑‍🚀 … Ω"


class FindingsPane(Static, can_focus=True):
    """Has keys of its own, and remembers which were pressed."""

    BINDINGS = bindings(Where.FINDINGS)
    restyled = 0

    def restyle(self) -> None:
        self.restyled += 1

    def action_go(self) -> None:
        self.app.done.append("go")  # type: ignore[attr-defined]


class StatePane(Static, can_focus=True):
    BINDINGS = bindings(Where.STATE)

    def action_fold(self) -> None:
        self.app.done.append("fold")  # type: ignore[attr-defined]


class SmallScreen(Screen[None]):
    BINDINGS = bindings(*APP)
    AUTO_FOCUS = "FindingsPane"

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session

    def compose(self) -> ComposeResult:
        yield FindingsPane(UNUSUAL, id="findings", markup=False)
        yield StatePane("state", id="state")
        yield StatusLine(self.session, id="status")
        yield KeyBar(self.session, id="keys")

    def sync(self) -> None:
        self.query_one(StatusLine).sync()
        self.query_one(KeyBar).sync()

    def action_play(self) -> None:
        self.session.toggle_play()
        self.sync()

    def action_step(self, count: int) -> None:
        self.session.step(count)
        self.sync()

    def action_pane(self, pane: str) -> None:
        self.query_one(f"#{pane}").focus()

    def action_help(self) -> None:
        self.app.push_screen(HelpScreen())

    def action_quit(self) -> None:
        self.app.exit()

    def action_palette(self) -> None:
        async def chosen(command: Any) -> None:
            if command is not None:
                await run(command)

        app = self.app
        assert isinstance(app, SmallApp)
        app.push_screen(CommandPalette(catalogue(self, app.sources)), chosen)


class SmallApp(KeysInOrder):
    ENABLE_COMMAND_PALETTE = False
    CSS = "#status, #keys { height: 1; } #findings { height: 1fr; } #state { height: 1; }"

    def __init__(
        self,
        *,
        theme: str = "doubletalk",
        ascii_only: bool = False,
        sources: Sources | None = None,
        seen: Callable[[], object] | None = None,
        lines: Sequence[bytes] | None = None,
    ) -> None:
        self._ascii: list[LineFilter] = [plain.AsciiFilter()] if ascii_only else []
        super().__init__()
        themes.apply_theme(self, theme)
        self.session = session_of(events_of_turns() if lines is None else lines)
        self.sources = sources or Sources()
        self.done: list[str] = []
        self.hint = FirstRunHint(seen) if seen is not None else None

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), *self._ascii]

    def get_default_screen(self) -> Screen[None]:
        return SmallScreen(self.session)

    async def on_event(self, event: events.Event) -> None:
        if self.hint is not None:
            self.hint.see(event)
        await super().on_event(event)

    def on_mount(self) -> None:
        self.call_after_refresh(self._begin)

    async def _begin(self) -> None:
        assert isinstance(self.screen, SmallScreen)
        if self.hint is not None:
            await self.screen.mount(self.hint)
        self.screen.sync()


if __name__ == "__main__":
    SmallApp(ascii_only=plain.wanted(), seen=lambda: None).run()
