"""Races about a worker's beginning: text before it is ready."""

from __future__ import annotations

from backend.assistant.conditions import Delay
from backend.assistant.guards import Guard
from backend.models import Scripted
from backend.scenarios.assistant.rig import SETTINGS, assistant
from backend.scenarios.oracle import require
from backend.scenarios.scenario import Scene, scenario


@scenario(rule="text-before-ready", settings=SETTINGS)
async def text_before_ready(scene: Scene) -> None:
    """A worker asks for text before its connection is there; mostly the model is slower than that."""
    answer = Scripted(("It is noon. ", "Time to eat."), delay=0.03, first_delay=0.25)
    spans = {Delay.TTS_CONNECT: (0.08, 0.6)}
    async with assistant(scene, [answer], without=[Guard.TEXT_AFTER_READY], spans=spans) as rig:
        turn = await rig.speak("what is the time")
        ended = await rig.ended(turn)
    require(ended == "answered", f"the turn was {ended}")
