"""Conversations in which much goes wrong outside, and nothing may go wrong inside."""

from __future__ import annotations

from collections.abc import Sequence

from backend.assistant.conditions import Delay
from backend.models import ChatMessage, Scripted, ScriptedModel
from backend.scenarios.assistant.remote_voice import RemoteVoice
from backend.scenarios.assistant.rig import SETTINGS, Rig, assistant, slowly
from backend.scenarios.scenario import Scene, scenario
from backend.simulation import any_of, takes
from backend.speech.scripted import ScriptedSink, ScriptedVoice

_STORY = Scripted(("Once upon a time there was a fox. ", "It ran and ran."), delay=0.03, first_delay=0.15)
_SPANS = {
    Delay.TTS_CONNECT: (0.02, 0.4),
    Delay.TTS_CLOSE: (0.01, 0.3),
    Delay.LLM_CLOSE: (0.0, 0.3),
    Delay.AUDIO_OPEN: (0.01, 0.3),
    Delay.TEXT_QUEUE: (0.0, 0.1),
    Delay.MEMORY_WRITE: (0.002, 0.2),
}


async def _much(seconds: float) -> None:
    """What may take very long, too."""
    await takes(seconds, 12 * seconds)


@scenario(settings=SETTINGS)
async def barge_in_storm(scene: Scene) -> None:
    """The user speaks or types into every answer, at any moment of it; the last one is heard to its end."""
    async with assistant(scene, [_STORY], spans=_SPANS) as rig:
        turns = [rig.user.say("a story")]
        for _ in range(4):
            await takes(0.0, 1.2, "until the next word")
            turns.append(rig.user.say("stop, and") if any_of(2) else await rig.speak("stop"))
        ended = [await rig.ended(turn) for turn in turns]
    assert ended[-1] == "answered", f"the last turn was {ended[-1]}"
    assert set(ended) <= {"answered", "interrupted"}, f"the turns were {', '.join(ended)}"


@scenario(settings=SETTINGS)
async def hand_off_storm(scene: Scene) -> None:
    """Agents change again and again, in the middle of turns, too; each turn has one, and the last holds."""
    model = ScriptedModel([_STORY], loop=True, sleep=slowly)
    async with assistant(scene, model, spans=_SPANS) as rig:
        turns = []
        for agent in ("storyteller", "support", "guide", "storyteller"):
            turns.append(rig.user.say(f"a story by the {agent}"))
            await takes(0.0, 0.5, "somebody decides")
            rig.user.hand_off(agent)
            rig.user.hand_off("support" if any_of(2) else agent)
            await rig.ended(turns[-1])
        rig.user.hand_off("guide")
        await rig.bus.idle()
        ended = await rig.say("who are you?")
    assert ended == "answered", f"the last turn was {ended}"
    assert "Guide" in model.asked[-1].messages[0].content, "the last turn did not have the last agent"


@scenario(settings=SETTINGS)
async def slow_tts(scene: Scene) -> None:
    """A voice that is slower than its own speech, and stalls: all of it is played, in order, once."""
    sink = ScriptedSink(sleep=slowly, seconds=0.005)
    voice = ScriptedVoice(sleep=_much, first=0.2, each=0.06)
    async with assistant(scene, [_STORY], spans=_SPANS, voice=voice, sink=sink) as rig:
        ended = await rig.say("a story")
    assert ended == "answered", f"the turn was {ended}"
    words = " ".join(_STORY.chunks).split()
    assert sink.pieces == len(words), f"{sink.pieces} pieces were played, and not {len(words)}"


@scenario(settings=SETTINGS)
async def model_errors(scene: Scene) -> None:
    """The model breaks at any place of its answer, and at any time; the next turn is answered."""

    def reply(messages: Sequence[ChatMessage]) -> Scripted:
        if messages[-1].content == "and now?":
            return _STORY
        broken = any_of(4)
        chunks = _STORY.chunks[: max(0, broken - 1)]
        return Scripted(chunks, delay=0.2, first_delay=0.1, error="the model is gone" if broken else None)

    async with assistant(scene, ScriptedModel(reply, sleep=_much), spans=_SPANS) as rig:
        ended = [await rig.say("a story"), await rig.say("and now?")]
    assert ended[0] in {"answered", "failed", "interrupted"}, f"the first turn was {ended[0]}"
    assert ended[1] == "answered", f"the turn after it was {ended[1]}"


@scenario(settings=SETTINGS)
async def engine_failures(scene: Scene) -> None:
    """Voice, loudspeaker and ears fail one after the other; each time the next turn is answered."""
    voice = ScriptedVoice(sleep=slowly, first=0.04, each=0.02, fail_on="ran")
    sink = ScriptedSink()
    async with assistant(scene, [_STORY], spans=_SPANS, voice=voice, sink=sink) as rig:
        ended = [await rig.say("a story")]
        sink.broken = True
        ended += [await rig.say("again"), await _misheard(rig), await rig.say("so?")]
    assert ended[0] == "failed", f"the turn without a voice was {ended[0]}"
    assert ended[1] in {"failed", "interrupted"}, f"the turn without a loudspeaker was {ended[1]}"
    assert ended[2] == "failed", f"the turn that nobody understood was {ended[2]}"
    assert ended[3] == "answered", f"the last turn was {ended[3]}"


async def _misheard(rig: Rig) -> str:
    turn = rig.user.turn + 1
    ears = rig.ears["s1"]
    await ears.begin()
    await takes(0.3, 0.6, "the user mumbles")
    ears.mishear()
    return await rig.ended(turn)


@scenario(settings=SETTINGS)
async def network_stalls(scene: Scene) -> None:
    """The voice is behind a network that stalls: its pieces come late, cut in two, or not in time at all."""
    sink = ScriptedSink()
    server = ScriptedVoice(sleep=slowly, first=0.04, each=0.02)
    async with (
        RemoteVoice(server, 0.01, 1.0, patience=0.8) as voice,
        assistant(scene, [_STORY], spans=_SPANS, voice=voice, sink=sink) as rig,
    ):
        ended = [await rig.say("a story"), await rig.say("again")]
    assert set(ended) <= {"answered", "failed"}, f"the turns were {', '.join(ended)}"
    words = len(" ".join(_STORY.chunks).split())
    assert sink.pieces >= words * ended.count("answered"), f"only {sink.pieces} pieces were played"
