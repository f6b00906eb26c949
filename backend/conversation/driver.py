"""Holds a scripted conversation with a running assistant, and tells how it went."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from backend.assistant import Session
from backend.conversation.script import Part, Step
from backend.conversation.source import LiveVoice
from backend.errors import UserError
from backend.speech import Listener, read_wav

_TURN_SECONDS = 60.0
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


async def hold_conversation(
    session: Session,
    part: Part,
    voice: LiveVoice,
    listener: Listener,
    faults: Callable[[], None],
) -> Outcome:
    """Go through the steps of one session. ``faults`` arms the killing of the model.

    Raises:
        UserError: a turn did not begin or end in a minute.
    """
    listening = asyncio.create_task(session.user.listen(listener), name=f"listen {part.session}")
    try:
        return await _steps(session, part, voice, faults)
    finally:
        voice.close()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait_for(listening, _TURN_SECONDS)


async def _steps(session: Session, part: Part, voice: LiveVoice, faults: Callable[[], None]) -> Outcome:
    user = session.user
    taken: list[tuple[range, str]] = []
    for number, step in enumerate(part.steps):
        what = f"step {number + 1} of session {part.session}"
        before = user.turn
        async with _in_time(f"{what}: the turn before it did not end"):
            await _right_moment(session, step, before)
        if step.hand_off is not None:
            session.user.hand_off(step.hand_off)
            continue
        if step.fault is not None:
            faults()
        async with _in_time(f"{what}: nothing was heard"):
            if step.type is not None:
                user.say(step.type)
            elif step.wav is not None:
                await voice.speak(read_wav(step.wav))
                await user.turn_begun(before + 1)
        taken.append((range(before + 1, user.turn + 1), step.type or step.text))
    async with _in_time("the last turn did not end"):
        await user.turn_ended(user.turn)
    return Outcome(
        [
            TurnOutcome(
                part.session,
                turns[-1],
                said,
                " ".join(filter(None, map(user.heard_in, turns))),  # a pause may have made two turns of it
                await user.turn_ended(turns[-1]),
            )
            for turns, said in taken
        ]
    )


async def _right_moment(session: Session, step: Step, turn: int) -> None:
    user = session.user
    if step.when == "barge_in":
        if await user.bot_speaks(turn):
            await asyncio.sleep(step.after_ms / 1000)
    elif turn:
        await user.turn_ended(turn)
    await asyncio.sleep(_BREATH_SECONDS if step.when == "idle" else 0)


@contextlib.asynccontextmanager
async def _in_time(otherwise: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(_TURN_SECONDS):
            yield
    except TimeoutError:
        raise UserError(f"the conversation got stuck: {otherwise} within {_TURN_SECONDS:g} s") from None
