"""Each key of live control, by keyboard and mouse: what is asked of the backend, and what is said."""

from __future__ import annotations

from msgspec import structs
from textual.widgets import Input

from backend.wire.control import (
    Break,
    ControlOffer,
    ControlState,
    Delay,
    Drop,
    Hold,
    Inject,
    LetGo,
    Pace,
    Pause,
    Release,
    Resume,
    Step,
    Take,
    Unbreak,
)
from debugger.log.query.parse import parse
from debugger.tui.commands.catalogue import Sources, catalogue
from debugger.tui.commands.screen import CommandPalette
from debugger.tui.help.screen import HelpLines
from tests.tui.controlled import BOTH, PAUSED, Backend, notice, opened, pane_of, text_of
from tests.tui.interface import app_with, conversation


def asked(backend: Backend) -> list[object]:
    """What was asked for since the last look."""
    found, backend.asked[:] = list(backend.asked), []
    return found


async def test_one_key_takes_control_and_pauses_and_others_step_and_let_run() -> None:
    """P opens what is held, too; X lets go. Each has a function key as well."""
    async with opened() as (pilot, backend):
        await pilot.press("P")
        await pilot.pause()
        assert asked(backend) == [Take("ada@desk (12)"), Pause()]
        assert notice(backend) == "the bus is paused"
        assert backend.app.focused is pane_of(backend)
        backend.tell(PAUSED)
        await pilot.press("S", "f10", "U", "f11", "P")
        assert asked(backend) == [Step("delivery"), Step("delivery"), Step("turn"), Step("turn"), Resume()]
        backend.tell(structs.replace(PAUSED, mode="running", held=()))
        await pilot.press("S")
        assert asked(backend) == []
        assert "pause it first" in notice(backend)
        await pilot.press("X")
        assert asked(backend) == [LetGo()]
        await pilot.pause()
        assert not backend.control.ours
        assert notice(backend) == "the bus is let go"


async def test_chosen_deliveries_go_in_the_order_in_which_they_were_chosen() -> None:
    """The second before the first; held back and dropped likewise, the latter at a second press."""
    async with opened() as (pilot, backend):
        await pilot.press("7")
        backend.control.take()
        await pilot.pause()
        backend.tell(PAUSED)
        await pilot.press("j", "space", "g", "space")
        assert "▸2 Q CHUNK_RESPONSE" in text_of(backend)
        assert " 1 S STT_USER_STARTED" in text_of(backend)
        asked(backend)
        await pilot.press("r")
        assert asked(backend) == [Release(("d4", "d3"))]
        await pilot.press("g", "r", "b", "d")
        assert asked(backend) == [Release(("d3",)), Hold(("d3",))]
        assert "once more to drop" in notice(backend)
        await pilot.press("d")
        assert asked(backend) == [Drop(("d3",))]
        await pilot.press("space", "escape", "j", "d", "d")
        assert asked(backend) == [Drop(("d5",))]


async def test_the_line_under_the_cursor_stays_the_one_it_is() -> None:
    """Others go; what was chosen and is gone is not released."""
    async with opened() as (pilot, backend):
        await pilot.press("7")
        backend.control.take()
        await pilot.pause()
        backend.tell(PAUSED)
        await pilot.press("space", "space")
        backend.tell(structs.replace(PAUSED, held=PAUSED.held[1:]))
        asked(backend)
        await pilot.press("r")
        assert asked(backend) == [Release(("d4",))]
        await pilot.press("r")
        assert asked(backend) == [Release(("d5",))]


async def test_breaks_are_typed_in_the_query_language_changed_and_taken_away() -> None:
    """Errors and offers as in the filter; what only a log can answer is not offered, and refused."""
    async with opened() as (pilot, backend):
        await pilot.press("W", *"message:CHUNK_R", "tab")
        line = backend.app.main_screen.typed
        assert line.border_title == "W pause the bus where"
        await pilot.press("ctrl+g", "W", *"row > 3", "enter")
        assert "cannot judge row" in str(line.query_one("QueryHint").problem.message)  # type: ignore[attr-defined]
        await pilot.press("ctrl+g", "W", *"ro", "tab")
        assert line.query_one(Input).value == "ro"
        await pilot.press("ctrl+g", "/", *"ro", "tab")
        assert line.query_one(Input).value.startswith("row")
        await pilot.press("ctrl+g")
        assert asked(backend) == []
        await pilot.press("f9", *"turn=2", "enter")
        await pilot.pause()
        assert asked(backend) == [Take("ada@desk (12)"), Break("b1", parse("turn=2"), "turn=2")]
        assert notice(backend) == "from now on turn=2 pauses the bus"
        backend.tell(PAUSED)
        await pilot.press("Q", *"has data.text", "enter")
        assert asked(backend) == [Break("b3", parse("has data.text"), "has data.text", then="hold")]
        await pilot.press("7", "G", "k", "k", "k", "enter", *" turn=3", "enter")
        text = "message:CHUNK_RESPONSE turn=2 turn=3"
        assert asked(backend) == [Break("b1", parse(text), text)]
        await pilot.press("d")
        assert asked(backend) == [Unbreak("b1")]


async def test_a_message_is_injected_a_component_delayed_and_the_voice_paced() -> None:
    """Delays and the pace are lines, which are changed and taken away."""
    async with opened() as (pilot, backend):
        await pilot.press("7", "i")
        backend.control.take()
        await pilot.pause()
        backend.tell(PAUSED)
        asked(backend)
        await pilot.press("ctrl+u", *'AUDIO_OUTPUT_COMPLETE in s1 turn 2 {"played":', "enter")
        problem = backend.app.main_screen.typed.query_one("QueryHint").problem  # type: ignore[attr-defined]
        assert "no JSON object" in problem.message
        await pilot.press(*" 1}", "enter")
        (inject,) = asked(backend)
        assert isinstance(inject, Inject)
        assert (inject.message_type, inject.component) == ("AUDIO_OUTPUT_COMPLETE", "audio_output")
        assert (inject.session_id, inject.turn, bytes(inject.data)) == ("s1", 2, b'{"played": 1}')
        await pilot.press("a", *"tts_orchestrator 300ms", "enter", "p", "ctrl+u", *"2", "enter")
        assert asked(backend) == [Delay("tts_orchestrator", 0.3), Pace(2.0)]
        await pilot.press("p", "ctrl+u", *"11", "enter", "escape", "G", "d", "k", "d")
        assert asked(backend) == [Pace(1.0), Delay("audio_output", 0.0)]
        await pilot.press("enter", "ctrl+g", "j", "enter", "ctrl+g")
        assert asked(backend) == []


async def test_the_cursors_message_is_what_one_begins_to_inject_with() -> None:
    """A receive names who published it."""
    async with opened() as (pilot, backend):
        session = backend.app.session
        rows = [
            row
            for row in range(len(session.log))
            if (event := session.log.event(row))["event_type"] == "message_received"
            and event["message_type"] == "COMPLETE_TRANSCRIPT"
        ]
        session.seek(rows[0])
        await pilot.press("7", "i", "enter")
        await pilot.pause()
        inject = asked(backend)[-1]
        assert isinstance(inject, Inject)
        assert (inject.component, inject.session_id) == ("user_session", "s1")
        assert bytes(inject.data) == b'{"text":"question 1"}'


async def test_the_mouse_chooses_and_opens_lines() -> None:
    """A click goes to a line, a second one to its event; on its sign it chooses for release."""
    async with opened() as (pilot, backend):
        await pilot.press("7", "z")
        backend.control.take()
        await pilot.pause()
        publish = backend.app.session.log.event(3)["id"]
        held = structs.replace(PAUSED.held[1], publish=publish)
        backend.tell(structs.replace(PAUSED, held=(PAUSED.held[0], held)))
        await pilot.pause()
        pane = pane_of(backend)
        await pilot.click(pane, offset=(1, 3))
        assert " 1 S STT_USER_STARTED" in text_of(backend)
        await pilot.click(pane, offset=(20, 3))
        assert backend.app.session.cursor == 3


async def test_without_the_right_each_key_says_so() -> None:
    """And the pane too: what to do is there to read; nothing is sent."""
    async with opened(None) as (pilot, backend):
        for offer, words in (
            (None, "not connected"),
            (ControlOffer(), "serve --control"),
            (ControlOffer(offered=True), "may only watch"),
        ):
            if offer is not None:
                backend.greet(offer)
            for key in ("P", "S", "U", "W", "Q", "F", "X"):
                backend.app.session.notice = None
                await pilot.press(key)
                assert words in notice(backend), key
                assert not backend.app.main_screen.typed.display
            await pilot.press("7")
            assert words in " ".join(text_of(backend).split())
        assert asked(backend) == []


async def test_a_recording_says_that_it_cannot_be_held() -> None:
    """Its panes are the six of always."""
    app = app_with(conversation())
    async with app.run_test(size=(120, 36)) as pilot:
        for key in ("P", "7", "W", "X"):
            app.session.notice = None
            await pilot.press(key)
            assert app.session.notice is not None
            assert "a recording cannot be held" in app.session.notice.text
        assert len(app.main_screen.panes) == 6


async def test_every_key_of_control_is_in_the_command_palette_and_in_the_help() -> None:
    """They are made from one table."""
    async with opened() as (pilot, backend):
        await pilot.press("question_mark")
        await pilot.pause()
        lines = backend.app.screen.query_one(HelpLines)._lines
        shown = "\n".join("".join(one.text for one in line) for line in lines)
        assert "P F8" in shown
        assert "Hold the bus of a running backend" in shown
        assert "Signs of what is held" in shown
        await pilot.press("escape", "ctrl+p")
        await pilot.pause()
        assert isinstance(backend.app.screen, CommandPalette)
        titles = {command.title for command in catalogue(backend.app.main_screen, Sources())}
        assert "take control and pause the bus; paused: let it run on" in titles
        assert "let go what is chosen, in its order, or this one" in titles


async def test_an_observer_reads_who_paused_and_what_runs_on() -> None:
    """On the status line, and with all that is held in the pane; a refusal is told in the backend's words."""
    async with opened(ControlOffer(offered=True), size=(200, 60)) as (pilot, backend):
        backend.tell(PAUSED, ours=False)
        await pilot.pause()
        status = "".join(part.text for part in backend.app.main_screen._status._parts)
        assert "BUS PAUSED by grace@lab (77)" in status
        assert "runs on: answer of the model, TTS worker" in status
        await pilot.press("7")
        assert "its mailbox would give CHUNK_RESPONSE first" not in text_of(backend)
        await pilot.press("j", "j")
        assert "its mailbox would give CHUNK_RESPONSE first" in text_of(backend)
        backend.tell(ControlState())
        assert "PAUSED" not in text_of(backend)
    async with opened(BOTH) as (pilot, backend):
        backend.refuses = "grace@lab (77) (10.0.0.7, for 12 s) has control: it has to let go first"
        await pilot.press("P")
        await pilot.pause()
        assert notice(backend) == backend.refuses
