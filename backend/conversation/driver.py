"""Holds a scripted conversation with a running assistant, and tells how it went."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from backend.assistant import Session
from backend.conversation.faults import Fault
from backend.conversation.script import Part, Script, Step
from backend.conversation.source import LiveVoice
from backend.conversation.watch import MessageWatch
from backend.errors import UserError
from backend.speech import Listener, read_wav

_HEARD_SECONDS = 60.0
_BREATH_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class TurnOutcome:
    """One turn: what was said, what was understood, how it ended."""

    session_id: str
    turn: int
    said: str
    heard: str
    ended: str


@dataclass(slots=True)
class Outcome:
    """A whole conversation."""

    turns: list[TurnOutcome] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Stage:
    """What all sessions of a conversation share. A fault that is not to be had here does not happen."""

    script: Script
    watch: MessageWatch
    faults: Mapping[str, Fault]


async def hold_conversation(
    session: Session, part: Part, voice: LiveVoice, listener: Listener, stage: Stage
) -> Outcome:
    """Go through the steps of one session.

    Raises:
        UserError: nothing was heard in a minute, or a turn did not end within the user's patience.
    """
    listening = asyncio.create_task(session.user.listen(listener), name=f"listen {part.session}")
    talk = _Talk(session, part, voice, stage)
    try:
        return await talk.hold()
    finally:
        talk.mend()
        voice.close()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait_for(listening, _HEARD_SECONDS)


class _Talk:
    """One session's conversation."""

    def __init__(self, session: Session, part: Part, voice: LiveVoice, stage: Stage) -> None:
        self._user = session.user
        self._part = part
        self._voice = voice
        self._stage = stage
        self._given_up: set[int] = set()
        self._broken: list[Fault] = []

    async def hold(self) -> Outcome:
        user = self._user
        taken: list[tuple[range, str]] = []
        for number, step in enumerate(self._part.steps, 1):
            what = f"step {number} of session {self._part.session}"
            before = user.turn
            await self._right_moment(step, before, what)
            if step.hand_off is not None:
                user.hand_off(step.hand_off)
                continue
            if step.fault is not None and step.fault in self._stage.faults:
                self._broken.append(self._stage.faults[step.fault])
                self._broken[-1].begin()
            async with _in_time(_HEARD_SECONDS, f"{what}: nothing was heard"):
                await self._speak(step, before)
            taken.append((range(before + 1, user.turn + 1), step.type or step.text))
        await self._end_of(user.turn, "the last turn")
        await asyncio.sleep(self._stage.script.stays_seconds)
        return Outcome([await self._outcome(turns, said) for turns, said in taken])

    async def _speak(self, step: Step, before: int) -> None:
        if step.type is not None:
            self._user.say(step.type)
        elif step.wav is not None:
            await self._voice.speak(read_wav(step.wav))
            await self._user.turn_begun(before + 1)

    async def _right_moment(self, step: Step, turn: int, what: str) -> None:
        if step.when == "idle":
            if turn:
                await self._end_of(turn, f"{what}: the turn before it")
            await asyncio.sleep(_BREATH_SECONDS)
            return
        patience = self._stage.script.patience_seconds
        async with _in_time(patience, f"{what}: what it waits for did not come"):
            if step.when == "barge_in":
                spoken = await self._user.bot_speaks(turn)
            else:
                await self._stage.watch.published(self._part.session, turn, step.message or "")
                spoken = True
        if spoken:
            await asyncio.sleep(step.after_ms / 1000)

    async def _end_of(self, turn: int, what: str) -> None:
        script = self._stage.script
        try:
            async with _in_time(script.patience_seconds, f"{what} did not end"):
                await self._user.turn_ended(turn)
        except UserError:
            if not script.gives_up:
                raise
            self._given_up.add(turn)
        self.mend()

    def mend(self) -> None:
        """End what this session broke."""
        while self._broken:
            self._broken.pop().end()

    async def _outcome(self, turns: range, said: str) -> TurnOutcome:
        last = turns[-1]
        heard = " ".join(
            filter(None, map(self._user.heard_in, turns))
        )  # a pause may have made two turns of it
        ended = "given up" if last in self._given_up else await self._user.turn_ended(last)
        return TurnOutcome(self._part.session, last, said, heard, ended)


@contextlib.asynccontextmanager
async def _in_time(seconds: float, otherwise: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise UserError(f"the conversation got stuck: {otherwise} within {seconds:g} s") from None
