"""Races between a worker that is stopped and the one that follows it."""

from __future__ import annotations

from backend.assistant.conditions import Delay
from backend.assistant.guards import Guard
from backend.models import Scripted
from backend.scenarios.assistant.rig import SETTINGS, assistant
from backend.scenarios.scenario import Scene, scenario
from backend.simulation import takes

_STORY = Scripted(("Once upon a time there was a fox. ", "It ran and ran."), delay=0.03, first_delay=0.15)
_YES = Scripted(("Yes.",), delay=0.03, first_delay=0.15)
_LATER_YES = Scripted(("Yes.",), delay=0.03, first_delay=0.9)


@scenario(rule="worker-overlap", settings=SETTINGS)
async def worker_overlap(scene: Scene) -> None:
    """At a barge-in nobody waits until the old worker has closed its session."""
    spans = {Delay.TTS_CLOSE: (0.05, 1.0)}
    async with assistant(scene, [_STORY, _YES], without=[Guard.OLD_WORKER_FIRST], spans=spans) as rig:
        await rig.speaks(rig.user.say("a story"))
        ended = await rig.ended(await rig.speak("stop"))
    assert ended == "answered", f"the turn after the barge-in was {ended}"


@scenario(rule="worker-overlap", settings=SETTINGS)
async def worker_overlap_cleanup(scene: Scene) -> None:
    """The late cleanup after the old worker takes the new one away, and the turn stays silent."""
    guards = [Guard.OLD_WORKER_FIRST, Guard.OWN_CLEANUP_ONLY]
    spans = {Delay.TTS_CLOSE: (0.05, 1.0), Delay.TTS_CONNECT: (0.02, 0.1)}
    async with assistant(scene, [_STORY, _LATER_YES], without=guards, spans=spans) as rig:
        await rig.speaks(rig.user.say("a story"))
        ended = await rig.ended(await rig.speak("stop"))
    assert ended == "answered", f"the turn after the barge-in was {ended}"


@scenario(rule="duplicate-completion", settings=SETTINGS)
async def duplicate_completion(scene: Scene) -> None:
    """The orchestrator says that a slow worker has ended, and then the worker says so itself."""
    spans = {Delay.TTS_CLOSE: (0.02, 0.5)}
    async with assistant(scene, [_STORY, _YES], without=[Guard.WORKER_ENDS_ITSELF], spans=spans) as rig:
        await rig.speaks(rig.user.say("a story"))
        ended = await rig.say("stop")
    assert ended == "answered", f"the turn after the barge-in was {ended}"


@scenario(rule="illegal-transition", settings=SETTINGS)
async def illegal_transition(scene: Scene) -> None:
    """A worker that still connects is sent to STOPPING without a look at where it stands."""
    spans = {Delay.TTS_CONNECT: (0.02, 0.5)}
    async with assistant(scene, [_STORY, _YES], without=[Guard.LISTED_EDGES_ONLY], spans=spans) as rig:
        rig.user.say("a story")
        await takes(0.12, 0.2, "the user changes their mind")
        ended = await rig.say("no, do not")
    assert ended == "answered", f"the turn after the barge-in was {ended}"


@scenario(rule="stale-agent-config", settings=SETTINGS)
async def stale_agent_config(scene: Scene) -> None:
    """A hand-off comes while the voice of the turn still connects, which then takes the new agent's."""
    spans = {Delay.TTS_CONNECT: (0.02, 0.6)}
    async with assistant(scene, [_STORY, _YES], without=[Guard.CONFIG_OF_THE_TURN], spans=spans) as rig:
        turn = rig.user.say("a story")
        await takes(0.1, 0.3, "somebody decides")
        rig.user.hand_off("storyteller")
        ended = await rig.ended(turn)
    assert ended == "answered", f"the turn was {ended}"
