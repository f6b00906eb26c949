"""History, agents and the text queue, as the record of a running assistant tells them."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.assistant import MemoryStore, SessionInfo, UnknownAgentError
from backend.assistant.text_queue import TextQueueManager
from backend.bus import Bus
from backend.errors import UserError
from backend.events.messages import BeginAiTurn, RequestNextChunk, TextChunk
from backend.models import Scripted, ScriptedModel, ToolCall
from backend.tap import Tap, turn_scope, within
from tests.support.assistant import FakeVoice, Record, Rig, assistant


async def test_a_turn_knows_what_was_said_before_it_and_no_more() -> None:
    """Earlier turns come as history, oldest first; this turn's words come once, as the question."""
    model = ScriptedModel([Scripted((f"Answer {number}.",)) for number in range(3)])
    async with assistant(model) as rig:
        for text in ("one", "two", "three"):
            await rig.say(text)
    last = [(message.role, message.content) for message in model.asked[-1].messages[1:]]
    assert last == [
        ("user", "one"),
        ("assistant", "Answer 0."),
        ("user", "two"),
        ("assistant", "Answer 1."),
        ("user", "three"),
    ]


async def test_history_outlives_the_program(tmp_path: Path) -> None:
    """A second run on the same file finds what the first one stored."""
    path = tmp_path / "deep" / "memory.sqlite3"
    async with assistant(ScriptedModel([Scripted(("Hi Ada.",))]), memory=path) as rig:
        await rig.say("I am Ada")
    tap = Tap("test")
    store = MemoryStore(tap, path)
    rows = await store.run(lambda db: db.execute("select role, text from messages order by id").fetchall())
    store.close()
    assert rows == [("user", "I am Ada"), ("assistant", "Hi Ada.")]


def test_a_memory_that_cannot_be_opened_is_told_in_one_line(tmp_path: Path) -> None:
    """A folder in the file's place, or a file that is no database."""
    with pytest.raises(UserError, match="cannot open the conversation memory"):
        MemoryStore(Tap("test"), tmp_path)
    other = tmp_path / "notes.txt"
    other.write_text("not a database, but long enough to be looked at" * 100)
    with pytest.raises(UserError, match=r"notes\.txt"):
        MemoryStore(Tap("test"), other)


def config_of_turn(rig: Rig, turn: int) -> set[tuple[str, str, int]]:
    """The (agent, voice, version) that a turn's messages name."""
    kinds = ("BEGIN_AI_TURN", "PROCESS_USER_INPUT", "TTS_SESSION_READY")
    named = [
        event.payload()
        for event in rig.record.of("message_published")
        if event.turn == turn and event.message_type in kinds
    ]
    assert len(named) == 3
    return {(data["agent_id"], data["voice_id"], data["config_version"]) for data in named}


async def test_a_hand_off_takes_effect_with_the_next_turn() -> None:
    """The turn that asks for it stays with its agent; the next has the other's prompt and voice."""
    model = ScriptedModel(
        [
            Scripted(tool_calls=(ToolCall("1", "switch_agent", {"agent": "storyteller"}),)),
            Scripted(("I hand you over.",)),
            Scripted(("Once upon a time.",)),
        ]
    )
    voice = FakeVoice()
    async with assistant(model, voice=voice) as rig:
        await rig.say("get me the storyteller")
        await rig.say("a story")
        with pytest.raises(UnknownAgentError, match="there are: guide"):
            rig.session.user.hand_off("nobody")
    assert config_of_turn(rig, 1) == {("guide", "heart", 1)}
    assert config_of_turn(rig, 2) == {("storyteller", "baritone", 2)}
    assert "Storyteller" in model.asked[2].messages[0].content
    assert [settings.voice_id for _, settings in voice.spoken] == ["heart", "baritone"]


async def test_users_have_settings_of_their_own(tmp_path: Path) -> None:
    """Name, agent to begin with and voice, from the agents file."""
    path = tmp_path / "agents.toml"
    path.write_text(
        """
        default = "a"
        [agents.a]
        prompt = "Talk to {{username}}."
        [agents.b]
        prompt = "Help {{username}}."
        [users.ada]
        username = "Countess"
        agent = "b"
        voices = { b = { voice_id = "tenor", speed = 1.2 } }
        """
    )
    model = ScriptedModel([Scripted(("Yes.",))])
    voice = FakeVoice()
    async with assistant(model, voice=voice, agents=path) as rig:
        await rig.say("hi")
    assert model.asked[0].messages[0].content == "Help Countess."
    assert (voice.spoken[0][1].voice_id, voice.spoken[0][1].speed) == ("tenor", 1.2)


async def test_text_is_pulled_one_chunk_a_request_and_ended_by_a_sentinel() -> None:
    """A request before its chunk waits for it; after the last chunk each gets the sentinel."""
    record = Record()
    async with Tap("test", sinks=(record,)) as tap:
        bus = Bus(tap)
        queue = TextQueueManager(bus, SessionInfo("s1", "ada"))
        queue.start()
        port = bus.attach("test_worker")
        with within(turn_scope("s1", "ada", 1, "TEST")):
            port.publish(BeginAiTurn("guide", "heart", 1))
            port.publish(RequestNextChunk("w", "r0", 0))
            port.publish(TextChunk("t", 0, "One. Two. "))
            port.publish(RequestNextChunk("w", "r1", 1))
            port.publish(TextChunk("t", 1, "Thr"))
            port.publish(RequestNextChunk("w", "r2", 2))
            port.publish(TextChunk("t", 2, "ee", is_final=True))
            port.publish(RequestNextChunk("w", "r3", 3))
            port.publish(RequestNextChunk("w", "r4", 4))
        await bus.close()
    answers = [event.payload() for event in record.of("message_published", "CHUNK_RESPONSE")]
    told = [(data["request_id"], data["chunk_index"], data["text"], data["is_final"]) for data in answers]
    assert told == [
        ("r0", 0, "One.", False),
        ("r1", 1, "Two.", False),
        ("r2", 2, "Three", False),
        ("r3", 3, "", True),
        ("r4", 3, "", True),
    ]
    states = [event.state() for event in record.of("message_handled", component="text_queue_manager")]
    assert all("size" in state["queue"] for state in states)
