"""The whole assistant in virtual time: what every scenario of it shares.

Bus, session and components are the real ones. Scripted are the user, the model and the voice; what a real
run may take longer for, the schedule chooses (`World`, `slowly`), and the plain one takes the usual time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from loguru import logger

from backend.assistant import AgentBook, Engines, MemoryStore, Session, UserSession, load_agents, open_session
from backend.assistant.conditions import Conditions, Delay
from backend.assistant.guards import Guard
from backend.bus import Bus
from backend.models import ChatModel, Scripted, ScriptedModel
from backend.scenarios.scenario import Scene
from backend.simulation import Settings, takes
from backend.speech import AudioSink, NullSink, TextToSpeech
from backend.speech.scripted import ScriptedEars, ScriptedVoice

SETTINGS: Final = Settings(step_seconds=17e-6, seconds=600.0)
"""A step of the real assistant takes some tens of microseconds. Ten minutes are none of these scenarios."""

PATIENCE: Final = 20.0
"""Virtual seconds that a user waits for the end of a turn."""

GIVEN_UP: Final = "given up"

_LAG = 1.5


async def slowly(seconds: float) -> None:
    """What usually takes so long, and half as long again where the schedule has it so."""
    await takes(seconds, seconds * _LAG)


class World(Conditions, frozen=True):
    """Conditions whose delays are chosen: ``spans`` are seconds from the usual to the longest."""

    spans: Mapping[Delay, tuple[float, float]] = MappingProxyType({})

    async def take(self, delay: Delay) -> None:
        """Wait as long as the schedule says."""
        span = self.spans.get(delay)
        if span is not None:
            await takes(*span, what=delay.value)


@dataclass
class Rig:
    """A running assistant. ``sessions`` by name; the doors below are those of the first."""

    bus: Bus
    engines: Engines
    sessions: dict[str, Session]
    ears: dict[str, ScriptedEars] = field(default_factory=dict)

    @property
    def user(self) -> UserSession:
        """The first session's user."""
        return next(iter(self.sessions.values())).user

    async def ended(self, turn: int, user: UserSession | None = None) -> str:
        """How a turn ends; `GIVEN_UP` when the user has waited long enough."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await (user or self.user).turn_ended(turn)
        except TimeoutError:
            return GIVEN_UP

    async def say(self, text: str, user: UserSession | None = None) -> str:
        """Type a turn, and wait for its end."""
        return await self.ended((user or self.user).say(text), user)

    async def speak(self, text: str, user: UserSession | None = None) -> int:
        """Speak a turn; returns its number when it has begun and the words are said."""
        user = user or self.user
        turn = user.turn
        await self.ears[user.session.session_id].speak(text)
        await user.turn_begun(turn + 1)
        return user.turn

    async def speaks(self, turn: int, user: UserSession | None = None) -> bool:
        """Wait until the assistant is heard in a turn; False if that ended silently, or takes too long."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await (user or self.user).bot_speaks(turn)
        except TimeoutError:
            return False


@cache
def _book() -> AgentBook:
    return load_agents()


@asynccontextmanager
async def assistant(
    scene: Scene,
    replies: Sequence[Scripted] | ChatModel,
    *,
    without: Iterable[Guard] = (),
    spans: Mapping[Delay, tuple[float, float]] | None = None,
    voice: TextToSpeech | None = None,
    sink: AudioSink | None = None,
    store: MemoryStore | None = None,
    sessions: Iterable[str] = ("s1",),
    **engines: Any,
) -> AsyncIterator[Rig]:
    """An assistant with these sessions. The guards ``without`` are missing in the buggy variant only.

    When it is left, the sessions are closed and the recording is complete, whatever happened.
    """
    world = World(frozenset(without) if scene.buggy else frozenset(), spans=spans or {})
    model = replies if not isinstance(replies, Sequence) else ScriptedModel(replies, loop=True, sleep=slowly)
    bus = Bus(scene.tap)
    store = store or MemoryStore(scene.tap)
    voice = voice or ScriptedVoice(sleep=slowly, first=0.04, each=0.02)
    made = Engines(model, voice, _book(), store, conditions=world, **engines)
    rig = Rig(bus, made, {})
    logger.disable("backend.assistant")  # the recording tells it all, and a thousand runs tell it too often
    try:
        async with asyncio.TaskGroup() as listening:
            for name in sessions:
                session = rig.sessions[name] = open_session(bus, made, name, "ada", sink or NullSink())
                ears = rig.ears[name] = ScriptedEars(sleep=slowly)
                listening.create_task(session.user.listen(ears), name=f"listen {name}")
            try:
                yield rig
                await bus.idle()
            finally:
                for ears in rig.ears.values():
                    ears.hush()
                for session in rig.sessions.values():
                    await session.close()
                await bus.close()
    finally:
        store.close()
        logger.enable("backend.assistant")
