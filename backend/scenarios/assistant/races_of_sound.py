"""Races between the audio that is made, and what plays it."""

from __future__ import annotations

from backend.assistant.conditions import Delay
from backend.assistant.guards import Guard
from backend.models import Scripted
from backend.scenarios.assistant.rig import SETTINGS, assistant
from backend.scenarios.scenario import Scene, scenario
from backend.simulation import takes

_TALE = Scripted(("A fox ran. ", "It slept."), delay=0.03, first_delay=0.15)
_YES = Scripted(("Yes.",), delay=0.03, first_delay=0.15)


@scenario(rule="audio-after-complete", settings=SETTINGS)
async def audio_after_complete(scene: Scene) -> None:
    """A voice that is slower than the playback: what plays has nothing left, and calls the turn complete."""
    spans = {Delay.TTS_SPEAK: (0.02, 1.2)}
    async with assistant(scene, [_TALE], without=[Guard.PLAY_TO_THE_END], spans=spans) as rig:
        ended = await rig.say("a short tale")
        await takes(2.0, what="the user listens")
    assert ended == "answered", f"the turn was {ended}"


@scenario(rule="barge-in-ignored", settings=SETTINGS)
async def barge_in_ignored(scene: Scene) -> None:
    """The user speaks while the sound device opens: nothing plays yet, so nothing is stopped."""
    spans = {Delay.AUDIO_OPEN: (0.01, 0.8)}
    async with assistant(scene, [_TALE, _YES], without=[Guard.SILENCE_BEFORE_SOUND], spans=spans) as rig:
        rig.user.say("a short tale")
        await takes(0.4, 0.6, "the user changes their mind")
        ended = await rig.ended(await rig.speak("or rather not"))
    assert ended == "answered", f"the turn after the barge-in was {ended}"


@scenario(rule="out-of-order-chunks", settings=SETTINGS)
async def out_of_order_chunks(scene: Scene) -> None:
    """Each piece of audio is sent by a task of its own, and the first may be longer on its way."""
    spans = {Delay.TTS_FIRST_PIECE: (0.0, 0.2)}
    async with assistant(scene, [_TALE], without=[Guard.PIECES_IN_ORDER], spans=spans) as rig:
        ended = await rig.say("a short tale")
    assert ended == "answered", f"the turn was {ended}"
