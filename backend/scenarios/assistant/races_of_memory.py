"""Races about what is remembered, what the model is told of it, and who hears of failures."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TypeVar

from backend.assistant import MemoryStore
from backend.assistant.conditions import Delay
from backend.assistant.guards import Guard
from backend.models import Scripted, ScriptedModel
from backend.scenarios.assistant.rig import SETTINGS, assistant, slowly
from backend.scenarios.scenario import Scene, scenario
from backend.simulation import any_of

T = TypeVar("T")

_STORY = Scripted(("Once upon a time there was a fox. ", "It ran and ran."), delay=0.03, first_delay=0.15)
_YES = Scripted(("Yes.",), delay=0.03, first_delay=0.15)
_AMONG = 6


class LockedStore(MemoryStore):
    """A memory whose file another program may be writing to: mostly none is."""

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run it; or fail, where it is so chosen."""
        if any_of(_AMONG) == _AMONG - 1:
            raise sqlite3.OperationalError("database is locked")
        return await super().run(work)


@scenario(rule="overlapping-llm-streams", settings=SETTINGS)
async def overlapping_llm_streams(scene: Scene) -> None:
    """The user speaks into the answer, and the next request does not wait for the end of the last."""
    slow = Scripted(_STORY.chunks * 8, delay=0.2, first_delay=0.15)
    spans = {Delay.LLM_CLOSE: (0.0, 1.0)}
    async with assistant(scene, [slow, _YES], without=[Guard.OLD_STREAM_FIRST], spans=spans) as rig:
        await rig.speaks(rig.user.say("a story"))
        ended = await rig.ended(await rig.speak("stop"))
    assert ended == "answered", f"the turn after the barge-in was {ended}"


@scenario(rule="lost-update", settings=SETTINGS)
async def lost_update(scene: Scene) -> None:
    """The user's line and the answer are stored at the same time, and both count from the same number."""
    spans = {Delay.MEMORY_WRITE: (0.0, 0.5)}
    async with assistant(scene, [_YES], without=[Guard.STORE_IN_TURN], spans=spans) as rig:
        ended = await rig.say("is it noon?")
    assert ended == "answered", f"the turn was {ended}"


@scenario(rule="handler-failed", settings=SETTINGS)
async def handler_failed(scene: Scene) -> None:
    """The memory's file may be locked by another program; its handler raises, and nobody hears of it."""
    async with assistant(scene, [_YES], without=[Guard.FAILURES_HEARD], store=LockedStore(scene.tap)) as rig:
        ended = await rig.say("is it noon?")
    assert ended in ("answered", "failed"), f"the turn was {ended}"


@scenario(rule="order-race", settings=SETTINGS)
async def history_too_late(scene: Scene) -> None:
    """History and context are fetched at once, and only the context is waited for."""
    model = ScriptedModel([_STORY, _YES], sleep=slowly)
    spans = {Delay.RETRIEVE: (0.01, 0.03)}
    async with assistant(scene, model, without=[Guard.HISTORY_FIRST], spans=spans) as rig:
        await rig.say("a story")
        ended = await rig.say("was that true?")
    assert ended == "answered", f"the turn was {ended}"
    told = [message.content for message in model.asked[-1].messages]
    assert "a story" in told, "the model was not told what was said before"
