"""Taking guards away and making parts slow: by option, by variable, by conversation; and what is refused."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from backend.assistant import Conditions
from backend.assistant.conditions import DELAYS, Delay
from backend.assistant.guards import GUARDS, Guard
from backend.compose import Backend
from backend.conversation import MemoryLocked, MessageWatch, load_script, script_names
from backend.errors import UserError
from backend.models import Scripted, ScriptedModel
from backend.settings import load_settings
from tests.support.assistant import assistant
from tests.support.commands import say


@pytest.mark.parametrize("command", ["demo", "serve"])
def test_the_guards_are_listed_with_what_comes_of_their_absence(command: str) -> None:
    """Every guard with its rule, every delay with its meaning."""
    said = say(command, "--list-guards")
    assert said.code == 0
    for guard, kept in GUARDS.items():
        assert f"{guard}  [{kept.rule}]" in said.out
        assert kept.without in said.out
    assert [delay for delay in DELAYS if f"\n{delay} " not in said.out] == []


@pytest.mark.parametrize("command", [("demo", "--headless"), ("serve",)])
@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--without", "one-requst-at-a-time"), "did you mean one-request-at-a-time?"),
        (("--without", "text-before-ready"), "did you mean text-after-ready?"),
        (("--without", "zzz"), "--list-guards names them"),
        (("--delay", "tts_conect=5"), "did you mean tts_connect?"),
        (("--delay", "zzz=5"), "there are tts_connect, tts_close, "),
        (("--delay", "tts_connect"), "write NAME=MS"),
        (("--delay", "tts_connect=soon"), "write NAME=MS"),
        (("--delay", "tts_connect=-1"), "choose 0 to 60000"),
        (("--delay", "tts_connect=nan"), "choose 0 to 60000"),
        (("--delay", "tts_connect=1e9"), "choose 0 to 60000"),
    ],
)
def test_a_wrong_name_is_one_line_with_a_suggestion(
    command: tuple[str, ...], options: tuple[str, str], told: str, tmp_path: Path
) -> None:
    """Exit 2; a rule's name leads to its guard; nothing is started."""
    folder = ("--out", str(tmp_path / "out")) if command[0] == "demo" else ()
    said = say(*command, *folder, *options)
    assert said.code == 2
    assert said.out == ""
    assert said.err.startswith("doubletalk: ")
    assert said.err.count("\n") == 1
    assert told in said.err


def test_variables_say_the_same_as_options(monkeypatch: pytest.MonkeyPatch) -> None:
    """``DOUBLETALK_WITHOUT`` and ``DOUBLETALK_DELAYS`` are lists with commas."""
    monkeypatch.setenv("DOUBLETALK_WITHOUT", "pieces-in-order, history-first")
    monkeypatch.setenv("DOUBLETALK_DELAYS", "tts_connect=300,retrieve=0")
    settings = load_settings()
    assert settings.without == {Guard.PIECES_IN_ORDER, Guard.HISTORY_FIRST}
    assert settings.delays == {Delay.TTS_CONNECT: 300}
    monkeypatch.setenv("DOUBLETALK_WITHOUT", "pieces-in-odrer")
    with pytest.raises(UserError, match="did you mean pieces-in-order"):
        load_settings()


def test_a_recording_tells_what_is_unusual_and_nothing_where_nothing_is() -> None:
    """The topology names missing guards and delays; of an ordinary backend it does not speak of them."""
    unusual = Backend(load_settings(without=["store-in-turn"], delays={"retrieve": 20.0}))
    told = unusual.topology()
    assert told["without"] == ["store-in-turn"]
    assert told["delays_ms"] == {"retrieve": 20.0}
    assert not {"without", "delays_ms"} & set(Backend(load_settings()).topology())
    assert unusual.conditions == Conditions(frozenset({Guard.STORE_IN_TURN}), {Delay.RETRIEVE: 20.0})


async def test_no_delay_does_not_even_yield() -> None:
    """Ordinary conditions change the order of no two steps."""
    steps: list[str] = []
    asyncio.get_running_loop().call_soon(steps.append, "somebody else")
    await Conditions().take(Delay.RETRIEVE)
    steps.append("went on")
    await asyncio.sleep(0)
    assert steps == ["went on", "somebody else"]


def test_all_built_in_conversations_load_with_delays_that_there_are() -> None:
    """Also those in folders."""
    assert "races/slow_connect" in script_names()
    for name in script_names():
        load_settings(delays=load_script(name).delays)


@pytest.mark.parametrize(
    "step",
    ['type = "x"\nwhen = "message"', 'type = "x"\nmessage = "LLM_EVENT"', 'type = "x"\nfault = "fire"'],
)
def test_a_step_that_contradicts_itself_is_refused(step: str, tmp_path: Path) -> None:
    """A message to wait for belongs to ``when = "message"``, and the other way round."""
    path = tmp_path / "talk.toml"
    path.write_text(
        f'about = "x"\n[[parts]]\nsession = "s1"\nuser = "ada"\n[[parts.steps]]\n{step}\n', "utf-8"
    )
    with pytest.raises(UserError, match=r"parts\.0\.steps\.0"):
        load_script(str(path))


async def test_a_watch_sees_the_message_of_its_turn_only() -> None:
    """That of the turn before is another one's."""
    async with assistant(ScriptedModel([Scripted(("Yes.",))], loop=True)) as rig:
        watch = MessageWatch()
        rig.bus.tap.add_sink(watch)
        waiting = asyncio.create_task(watch.published("s1", 2, "BEGIN_AI_TURN"))
        await rig.say("one")
        rig.bus.tap.drain()
        assert not waiting.done()
        await rig.say("two")
        async with asyncio.timeout(5):
            await waiting


def test_a_locked_memory_refuses_writers_until_the_turn_is_over(tmp_path: Path) -> None:
    """Readers go on; a second end does nothing."""
    path = tmp_path / "memory.sqlite3"
    writer = sqlite3.connect(path, timeout=0)
    writer.execute("pragma journal_mode = wal")
    writer.execute("create table lines (text)")
    fault = MemoryLocked(path)
    fault.begin()
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        writer.execute("insert into lines values ('one')")
    assert writer.execute("select count(*) from lines").fetchone() == (0,)
    fault.end()
    fault.end()
    writer.execute("insert into lines values ('one')")
    writer.close()
