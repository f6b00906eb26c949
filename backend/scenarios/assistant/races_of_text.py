"""Races between the model's text, its queue, and the worker that speaks it."""

from __future__ import annotations

from backend.assistant.conditions import Delay
from backend.assistant.guards import Guard
from backend.models import Scripted, ScriptedModel
from backend.scenarios.assistant.rig import SETTINGS, assistant
from backend.scenarios.scenario import Scene, scenario
from backend.simulation import takes

_NOON = Scripted(("It is noon. ", "Time to eat."), delay=0.03, first_delay=0.25)
_ROME = Scripted(("The capital of Italy is Rome. ", "It is old."), delay=0.03, first_delay=0.15)
_PARIS = Scripted(("It is Paris.",), delay=0.03, first_delay=0.15)


@scenario(rule="text-before-ready", settings=SETTINGS)
async def text_before_ready(scene: Scene) -> None:
    """A worker asks for text before its connection is there; mostly the model is slower than that."""
    spans = {Delay.TTS_CONNECT: (0.08, 0.6)}
    async with assistant(scene, [_NOON], without=[Guard.TEXT_AFTER_READY], spans=spans) as rig:
        ended = await rig.ended(await rig.speak("what is the time"))
    assert ended == "answered", f"the turn was {ended}"


@scenario(rule="stale-worker-chunk", settings=SETTINGS)
async def stale_worker_chunk(scene: Scene) -> None:
    """The user corrects a question, and the answer to the old one is spoken for the new one."""
    spans = {Delay.TEXT_QUEUE: (0.005, 0.4)}
    async with assistant(scene, [_ROME, _PARIS], without=[Guard.CURRENT_WORKER_ONLY], spans=spans) as rig:
        rig.user.say("the capital of Italy?")
        await takes(0.25, 0.45, "the user thinks")
        ended = await rig.say("of France, I mean")
    assert ended == "answered", f"the corrected turn was {ended}"


@scenario(rule="lost-sentinel", settings=SETTINGS)
async def lost_sentinel(scene: Scene) -> None:
    """The text queue is cleared by the worker's first request, which may come after all of the text."""
    spans = {Delay.TTS_CONNECT: (0.05, 0.8)}
    async with assistant(scene, [_NOON], without=[Guard.CLEAR_AT_TURN_BEGIN], spans=spans) as rig:
        ended = await rig.say("what is the time?")
    assert ended == "answered", f"the turn was {ended}"


@scenario(rule="unanswered-request", settings=SETTINGS)
async def unanswered_request(scene: Scene) -> None:
    """A worker asks one chunk ahead, and a queue that has no text yet remembers one request only."""

    async def mostly_quick(seconds: float) -> None:
        await takes(seconds, 20 * seconds, "the model")

    model = ScriptedModel([Scripted(_NOON.chunks, delay=0.01, first_delay=0.05)], sleep=mostly_quick)
    spans = {Delay.TTS_CONNECT: (0.3, 0.3)}
    async with assistant(scene, model, without=[Guard.ONE_REQUEST_AT_A_TIME], spans=spans) as rig:
        ended = await rig.say("what is the time?")
    assert ended == "answered", f"the turn was {ended}"
