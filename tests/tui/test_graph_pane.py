"""The graph pane on the screen: each of its keys, the mouse, what it paints and when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.screen import Screen

from debugger.tui import launch  # noqa: F401 - before Textual
from debugger.tui.graph.widget import ComponentGraph
from debugger.tui.keys import TABLE, Where
from debugger.tui.palette import DARK, ink
from debugger.tui.session import Mode, Session
from tests.tui.interface import Clock, Script, conversation, session_with

LINES = conversation()
HERE = 2


class Around(Screen[None]):
    """Stands in for the main screen."""

    def __init__(self) -> None:
        super().__init__()
        self.filtered = 0

    def action_filter_component(self) -> None:
        self.filtered += 1


class Alone(App[None]):
    """The pane, and what the main screen does for it."""

    CSS = "ComponentGraph { width: 100%; height: 100%; }"

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.graph = ComponentGraph(session, id="graph")
        self.around = Around()

    def get_default_screen(self) -> Screen[None]:
        return self.around

    def compose(self) -> ComposeResult:
        yield self.graph

    def on_component_graph_selected(self, event: ComponentGraph.Selected) -> None:
        self.session.component = event.component
        self.graph.sync()


class Opened(NamedTuple):
    app: Alone
    pilot: Pilot[None]

    @property
    def text(self) -> str:
        graph = self.app.graph
        return "\n".join(graph.render_line(y).text for y in range(graph.size.height))

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()


@asynccontextmanager
async def opened(
    session: Session, row: int = HERE, size: tuple[int, int] = (78, 20)
) -> AsyncIterator[Opened]:
    app = Alone(session)
    async with app.run_test(size=size) as pilot:
        app.graph.focus()
        session.tick()
        session.seek(row)
        app.graph.sync()
        await pilot.pause()
        yield Opened(app, pilot)


def ticking(pane: ComponentGraph) -> bool:
    timer: Any = pane._timer  # Textual types what is asked here as never there
    return bool(timer._active.is_set())


def pipeline(number: int = 6) -> list[bytes]:
    script = Script()
    for sender, receiver in pairwise([f"stage_{one}" for one in range(number)]):
        script.send(sender, "JOB", [receiver])
    return script.lines


async def test_keys_go_from_neighbour_to_neighbour() -> None:
    """Arrows and letters; Escape and u let go."""
    session = session_with(LINES)
    async with opened(session) as graph:
        await graph.press("right")
        assert session.component == "overseer"  # the first press takes the cursor's
        for key, component in (
            ("right", "agent_context"),
            ("down", "llm_orchestrator"),
            ("left", "database_memory"),
            ("up", "user_session"),
            ("l", "overseer"),
            ("j", "tts_orchestrator"),
            ("h", "audio_output"),
            ("k", "database_memory"),
        ):
            await graph.press(key)
            assert session.component == component, key
        for key in ("escape", "u"):
            await graph.press("right", key)
            assert session.component is None


async def test_b_changes_between_the_bus_and_who_talks_to_whom() -> None:
    """And back; the cursor's message goes straight to its receivers then."""
    async with opened(session_with(LINES)) as graph:
        assert "message_bus" in graph.text
        await graph.press("b")
        assert "message_bus" not in graph.text
        assert "who talks to whom" in graph.app.graph.titles[1]
        assert "COMPLETE_TRANSCRIPT" in graph.app.graph.titles[1]
        await graph.press("b")
        assert "message_bus" in graph.text


async def test_every_key_of_the_graph_is_in_these_tests() -> None:
    """A new row of the table wants a test here."""
    keys = {key for row in TABLE if row.where is Where.GRAPH for key in row.keys}
    assert keys == {*"hjklbfu", "up", "down", "left", "right", "enter", "escape"}


@pytest.mark.parametrize("key", ["enter", "f"])
async def test_the_events_are_filtered_to_the_chosen_component(key: str) -> None:
    """By the main screen, which the key reaches from here."""
    from debugger.tui.app import DebuggerApp

    app = DebuggerApp(session_with(LINES))
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        await pilot.press("1", "right")
        await pilot.pause()
        chosen = app.session.component
        await pilot.press(key)
        await pilot.pause()
        assert chosen is not None
        assert chosen in app.session.filter_text
        assert 0 < len(app.session.shown) < len(LINES)


async def test_the_mouse_chooses_lets_go_and_filters() -> None:
    """A click takes a component, another lets it go, as one beside it does; the right button filters."""
    session = session_with(LINES)
    async with opened(session) as graph:
        for offset, component in (
            ((3, 1), "user_session"),
            ((3, 1), None),
            ((3, 1), "user_session"),
            ((0, 5), None),
        ):
            await graph.pilot.click("#graph", offset=offset)
            await graph.pilot.pause()
            assert session.component == component
        await graph.pilot.click("#graph", offset=(3, 1), button=3)
        await graph.pilot.pause()
        assert graph.app.around.filtered == 1
        assert session.component == "user_session"


async def test_without_colour_everything_is_told_by_glyphs() -> None:
    """Chosen, failing with its count, the cursor's way, and what is on the lines."""
    session = session_with(LINES)
    async with opened(session, len(LINES) - 1) as graph:
        session.component = "agent_context"
        graph.app.graph.sync()
        text = graph.text
        assert "╔ agent_context" in text
        assert "! llm_orchestrator" in text
        assert "1 err" in text
        session.seek(1)
        graph.app.graph.sync()
        assert "║S" in graph.text or "═S" in graph.text
        assert "▼" in graph.text or "▲" in graph.text


async def test_marks_move_with_the_cursor_and_back_with_it() -> None:
    """Forwards out of the publisher's box, backwards into it."""
    clock = Clock()
    session = session_with(LINES, clock=clock)
    async with opened(session, 0) as graph:
        pane = graph.app.graph
        seen = []
        for row in (1, 0):
            session.seek(row)
            pane.sync()
            places = []
            for _ in range(10):
                pane._frame()
                places += list(pane._moving)
                clock.pass_seconds(0.1)
            seen.append(places)
            clock.pass_seconds(5)
            pane._frame()
            assert not pane._moving
        assert len(seen[0]) > 2
        box = pane._places["user_session"].middle

        def near(cell: tuple[int, int]) -> int:
            return abs(cell[0] - box[0]) + abs(cell[1] - box[1])

        assert near(seen[0][0]) < near(seen[0][-1])
        assert near(seen[1][0]) > near(seen[1][-1])


async def test_nothing_runs_and_nothing_is_painted_while_nothing_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The second look at the same moment costs no repaint, and the timer sleeps."""
    clock = Clock()
    session = session_with(LINES, clock=clock)
    async with opened(session) as graph:
        pane = graph.app.graph
        session.seek(HERE + 1)
        pane.sync()
        async with asyncio.timeout(5):
            while ticking(pane):
                clock.pass_seconds(1)
                await graph.pilot.pause(0.02)
        painted: list[object] = []
        monkeypatch.setattr(pane, "refresh", lambda *regions: painted.append(regions))
        for _ in range(3):
            session.tick()
            pane.sync()
        assert not painted
        session.seek(HERE + 2)
        pane.sync()
        assert painted


async def test_a_hidden_graph_looks_at_nothing_and_is_right_when_it_is_seen_again() -> None:
    """No work for what nobody sees."""
    session = session_with(LINES)
    async with opened(session) as graph:
        pane = graph.app.graph
        before = pane._view
        pane.display = False
        await graph.pilot.pause()
        session.seek(len(LINES) - 1)
        pane.sync()
        assert pane._view is before
        pane.display = True
        await graph.pilot.pause()
        pane.sync()
        assert "1 err" in graph.text


async def test_another_theme_is_painted_at_once() -> None:
    """No colour of the old one is left."""
    async with opened(session_with(LINES)) as graph:
        try:
            ink.use(replace(DARK, foreground="#123456"))
            graph.app.graph.restyle()
            colours = {
                segment.style.color.name
                for y in range(graph.app.graph.size.height)
                for segment in graph.app.graph.render_line(y)
                if segment.style is not None and segment.style.color is not None
            }
        finally:
            ink.use(DARK)
        assert "#123456" in colours
        assert DARK.foreground not in colours


@pytest.mark.parametrize(
    "size", [(1, 1), (20, 3), (38, 6), (38, 8), (60, 15), (78, 20), (130, 30), (200, 56)]
)
@pytest.mark.parametrize("what", ["voice", "pipeline", "hostile", "one", "none"])
async def test_every_size_shows_the_cursors_component(size: tuple[int, int], what: str) -> None:
    """In both views, with hostile names too; each line is as wide as the pane."""
    script = Script()
    script.send("a\x1b[31m[red]x", "JOB\x07", ["日本語の名前はとても長い", "", "x\u202e" + "y" * 300])
    one = Script()
    one.event("state_change", "only", component_state={"state": "X"})
    lines = {
        "voice": LINES,
        "pipeline": pipeline(30),
        "hostile": script.lines,
        "one": one.lines,
        "none": list[bytes](),
    }[what]
    session = session_with(lines)
    async with opened(session, len(lines) - 1, size) as graph:
        for _ in range(2):
            for line in graph.text.split("\n"):
                assert not {"\x1b", "\x07", "\u202e"} & set(line)
            pane = graph.app.graph
            assert all(pane.render_line(y).cell_length == size[0] for y in range(size[1]))
            if lines and size[0] > 30:
                current = next(node for node in pane._view.nodes if node.at_cursor)
                left_out = pane._layout.left_out if pane._layout is not None else ()
                assert current.name in pane._places or current.name in left_out
            await graph.press("b")


async def test_a_live_view_keeps_up_with_components_that_come() -> None:
    """A stranger that appears is in the picture at the next look."""
    session = session_with(LINES, Mode.LIVE)
    async with opened(session) as graph:
        from backend.events import decode_line

        stranger = Script("other")
        stranger.send("overseer", "BEGIN_AI_TURN", ["newcomer"])
        lines = stranger.lines
        session.log.append_many(lines, [decode_line(line) for line in lines])
        session.follow()
        session.tick()
        graph.app.graph.sync()
        assert "newcomer" in graph.text
