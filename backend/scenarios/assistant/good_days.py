"""Conversations in which nothing is wrong, and none of the guards is away."""

from __future__ import annotations

from backend.assistant.conditions import Delay
from backend.models import Scripted, ScriptedModel, ToolCall
from backend.scenarios.assistant.rig import SETTINGS, assistant, slowly
from backend.scenarios.scenario import Scene, scenario
from backend.simulation import takes

_SPANS = {
    Delay.TTS_CONNECT: (0.05, 0.3),
    Delay.TTS_CLOSE: (0.01, 0.1),
    Delay.AUDIO_OPEN: (0.01, 0.1),
    Delay.MEMORY_WRITE: (0.002, 0.05),
    Delay.RETRIEVE: (0.02, 0.2),
}


@scenario(settings=SETTINGS)
async def three_turns(scene: Scene) -> None:
    """Three spoken questions and their answers; the model is told what was said before."""
    replies = [
        Scripted(("It is noon. ", "Time to eat."), delay=0.03, first_delay=0.25),
        Scripted(("Soup, I think.",), delay=0.03, first_delay=0.25),
        Scripted(("You are ", "welcome."), delay=0.03, first_delay=0.25),
    ]
    model = ScriptedModel(replies, sleep=slowly)
    said = ["what is the time", "and what is there to eat", "thank you"]
    async with assistant(scene, model, spans=_SPANS) as rig:
        ended = [await rig.ended(await rig.speak(text)) for text in said]
    assert ended == ["answered"] * 3, f"the turns were {', '.join(ended)}"
    told = [(message.role, message.content) for message in model.asked[-1].messages[1:]]
    answers = ["It is noon. Time to eat.", "Soup, I think."]
    wanted = [*zip(["user", "assistant"] * 2, [said[0], answers[0], said[1], answers[1]], strict=True)]
    assert told == [*wanted, ("user", said[2])], f"the model was told {told}"


@scenario(settings=SETTINGS)
async def tool_call(scene: Scene) -> None:
    """The model asks for a calculation, and answers with its result; once it asks for what cannot be done."""
    model = ScriptedModel(
        [
            Scripted(tool_calls=(ToolCall("1", "calculate", {"expression": "6 * 7"}),), first_delay=0.2),
            Scripted(("It is forty-two.",), first_delay=0.2),
            Scripted(tool_calls=(ToolCall("2", "calculate", {"expression": "1 / 0"}),), first_delay=0.2),
            Scripted(("Nobody knows.",), first_delay=0.2),
        ],
        sleep=slowly,
    )
    async with assistant(scene, model, spans=_SPANS) as rig:
        ended = [await rig.say("what is 6 times 7?"), await rig.ended(await rig.speak("and one by zero"))]
    assert ended == ["answered"] * 2, f"the turns were {', '.join(ended)}"
    results = [model.asked[number].messages[-1].content for number in (1, 3)]
    assert results[0] == "6 times 7 is 42", f"the model was told {results[0]!r}"
    assert "did not work" in results[1], f"the model was told {results[1]!r}"


@scenario(settings=SETTINGS)
async def hand_off(scene: Scene) -> None:
    """The user asks for the storyteller, who has the next turn to the end."""
    model = ScriptedModel(
        [
            Scripted(tool_calls=(ToolCall("1", "switch_agent", {"agent": "storyteller"}),), first_delay=0.2),
            Scripted(("Gladly. ", "Here they are."), delay=0.03, first_delay=0.2),
            Scripted(("Once upon a time.",), first_delay=0.2),
        ],
        sleep=slowly,
    )
    async with assistant(scene, model, spans=_SPANS) as rig:
        ended = [await rig.ended(await rig.speak("the storyteller please")), await rig.say("a story")]
    assert ended == ["answered"] * 2, f"the turns were {', '.join(ended)}"
    prompts = [asked.messages[0].content[:20] for asked in model.asked]
    assert all("Guide" in prompt for prompt in prompts[:2]), "the first turn had another agent's prompt"
    assert "Storyteller" in prompts[2], "the second turn did not have the storyteller's prompt"


@scenario(settings=SETTINGS)
async def many_sessions(scene: Scene) -> None:
    """Five users at once, each with a question of their own; everybody gets their own answer."""
    names = [f"s{number}" for number in range(1, 6)]
    model = ScriptedModel(
        lambda messages: Scripted((f"Yes, {messages[-1].content}.",), delay=0.03, first_delay=0.2),
        sleep=slowly,
    )
    async with assistant(scene, model, spans=_SPANS, sessions=names) as rig:
        users = [rig.sessions[name].user for name in names]
        turns = []
        for user in users:
            turns.append(user.say(user.session.session_id))
            await takes(0.0, 0.05, "the next user")
        ended = [await rig.ended(turn, user) for turn, user in zip(turns, users, strict=True)]
        stored = await rig.engines.memory.run(
            lambda db: db.execute("select session_id, role, text from messages order by id").fetchall()
        )
    assert ended == ["answered"] * len(names), f"the turns were {', '.join(ended)}"
    wanted = [(name, *line) for name in names for line in (("user", name), ("assistant", f"Yes, {name}."))]
    assert sorted(stored) == sorted(wanted), f"remembered was {stored}"
