"""The assistant held: it ends well, its voice is paced, and its token lies where only this user finds it."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path
from typing import Any

import pytest

from backend.bus import Bus
from backend.cli.hosting import ControlToken, hosted
from backend.compose import Backend
from backend.control import Desk
from backend.errors import UserError
from backend.models import OpenAICompatibleModel, Scripted, ScriptedModel
from backend.settings import Settings
from backend.speech import NullSink
from backend.tap import Tap
from backend.tap.hub import Hub
from backend.token_file import find_control_token, find_run_token, run_token_path
from backend.wire.control import ControlOffer, Pace, Pause, Take
from tests.cli.command import call, told
from tests.support.assistant import FakeSink, FakeVoice, assistant

REPLY = Scripted(("One two three. ", "Four five six. "))


@pytest.mark.parametrize("ends", ["session", "program"])
async def test_an_assistant_that_ends_while_it_is_held_does_not_hang(tmp_path: Path, ends: str) -> None:
    """What its mailboxes hold is delivered on the way out, as without a hand."""
    voice: Any = FakeVoice()
    settings = Settings(port=0, memory=tmp_path / "memory.sqlite3")
    backend = Backend(settings, model=ScriptedModel([REPLY] * 3), tts=voice, stt=voice)
    async with asyncio.timeout(10):
        async with backend:
            seat = backend.desk.seat("here", allowed=True)
            assert seat.ask(1, Take("ann")).ok
            assert seat.ask(2, Pause()).ok
            backend.open_session("ada", NullSink(), pace=0.0).user.say("Hello.")
            await asyncio.sleep(0.01)
            assert backend.desk.state().held
            if ends == "session":
                (name,) = backend.sessions
                await backend.close_session(name)
                assert backend.desk.state().mode == "paused"
                assert backend.desk.state().held == ()
                seat.leave()
    assert backend.bus.gate is None


async def test_the_voice_plays_as_fast_as_the_hand_says() -> None:
    """From the next piece on; a session that is opened later, too; and as always once control is gone."""
    voice: Any = FakeVoice()
    async with assistant(ScriptedModel([REPLY]), voice=voice, pace=1.0) as rig:
        desk = Desk(rig.bus, set_pace=rig.session.play_at)
        seat = desk.seat("here", allowed=True)
        seat.ask(1, Take("ann"))
        loop = asyncio.get_running_loop()
        assert seat.ask(2, Pace(10.0)).ok
        began = loop.time()
        await rig.say("Hello.")
        assert 0.06 <= loop.time() - began < 0.5  # six tenths of a second, as it was recorded
        seat.leave()
    assert rig.sink.pieces == 6
    assert isinstance(rig.sink, FakeSink)


def test_what_a_model_waits_for_is_named(tmp_path: Path) -> None:
    """It gives up by itself, held or not."""
    model = OpenAICompatibleModel("http://127.0.0.1:1", "tiny")
    backend = Backend(Settings(memory=tmp_path / "memory.sqlite3"), model=model)
    assert backend._timeouts() == ("the next part of tiny's answer (60 s)",)


async def test_a_token_made_for_one_run_lies_where_this_user_alone_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And goes with the server; watching needs none."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("DOUBLETALK_CONTROL_TOKEN", raising=False)
    voice: Any = FakeVoice()
    backend = Backend(Settings(port=0, memory=tmp_path / "m"), model=ScriptedModel([]), tts=voice, stt=voice)
    control = ControlToken.given(None)
    async with hosted(backend, control=control) as address, backend:
        port = int(address.rpartition(":")[2])
        assert find_control_token(port) == control.text
        assert find_run_token(port) is None
        assert stat.S_IMODE(run_token_path(port).stat().st_mode) == 0o600
    assert find_control_token(port) is None


async def test_one_token_for_both_rights_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who may watch could control with it."""
    monkeypatch.setenv("DOUBLETALK_TOKEN", "correct-horse-battery")
    monkeypatch.setenv("DOUBLETALK_CONTROL_TOKEN", "correct-horse-battery")
    voice: Any = FakeVoice()
    backend = Backend(Settings(port=0, memory=tmp_path / "m"), model=ScriptedModel([]), tts=voice, stt=voice)
    with pytest.raises(UserError, match="same token"):
        async with hosted(backend, control=ControlToken.given(None)):
            pass


def test_a_control_token_without_control_is_a_mistake_that_is_told(tmp_path: Path) -> None:
    """Exit 2, in one line, before anything is loaded."""
    refused = call("serve", "--control-token-file", str(tmp_path / "token"))
    assert refused.returncode == 2
    assert "nothing is controlled without --control" in told(refused)


@pytest.mark.parametrize("ends", ["abort", "leave", "detach"])
async def test_a_client_that_is_cut_off_has_let_go(ends: str) -> None:
    """At once, however its connection ends: one that takes nothing with a full queue is aborted."""
    hub = Hub()
    async with Tap("app", sinks=(hub,)) as tap:
        bus = Bus(tap)
        hub.desk = Desk(bus)
        client = hub.attach("10.0.0.1:5", lambda: None, ControlOffer(offered=True, allowed=True))
        client.receive('{"type":"control","id":1,"do":"take"}')
        client.receive('{"type":"control","id":2,"do":"pause"}')
        assert bus.gate is not None
        assert bus.gate.paused
        match ends:
            case "abort":
                client.abort()
            case "leave":
                client.leave()
            case "detach":
                hub.detach(client)
        assert bus.gate is None
        await bus.close()
