"""A user's session: its components, and the doors through which words come in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from loguru import logger

from backend.assistant.agents import AgentContext
from backend.assistant.component import Component, SessionInfo
from backend.bus import Bus, Dropped
from backend.events.messages import (
    AudioOutputComplete,
    CompleteTranscript,
    Message,
    PartialTranscript,
    SttUserStartedSpeaking,
    SystemMessage,
    TtsBotStartedSpeaking,
)
from backend.events.vocabulary import SYSTEM
from backend.speech import AudioInputError, Complete, Heard, Partial, SpeechError, SpeechStarted
from backend.tap import Scope, as_component, current, turn_scope, within


class Ears(AbstractAsyncContextManager[Any], Protocol):
    """What a `Listener` is to a session: iterated again after a `SpeechError`, it goes on."""

    def __aiter__(self) -> AsyncIterator[Heard]:
        """What is heard, until the audio ends."""
        ...


class UserSession(Component):
    """Opens turns: each begins with the first thing that is heard or typed.

    All that a turn causes carries the scope that is made here.
    """

    NAME = "user_session"

    def __init__(self, bus: Bus, session: SessionInfo, agents: AgentContext) -> None:
        self._agents = agents
        self._scope = Scope(session.session_id, session.user_id)
        self._heard: Scope | None = None
        self._last_text = ""
        self._said: dict[int, str] = {}
        self._door = "none"
        self._ended: dict[int, str] = {}
        self._ended_by: dict[int, str | None] = {}  # the events that did
        self._bot_turn = 0
        self._bot_by: str | None = None
        self._changed = asyncio.Event()
        super().__init__(bus, session)

    def start(self) -> None:
        """Subscribe to how turns end."""
        self.port.on(AudioOutputComplete, self._on_output_complete)
        self.port.on(TtsBotStartedSpeaking, self._on_bot_started)
        self.port.on(SystemMessage, self._on_system)

    def get_debug_state(self) -> dict[str, Any]:
        """The turn, the door in use and what was said last."""
        return {
            "session_id": self.session.session_id,
            "user_id": self.session.user_id,
            "turn": self.turn,
            "door": self._door,
            "last_text": self._last_text,
            "turns_ended": len(self._ended),
        }

    # --- doors -----------------------------------------------------------------

    async def listen(self, listener: Ears) -> None:
        """Take what a listener hears for the user's words, until its audio ends."""
        self._door = "voice"
        with as_component(self.NAME), within(self._scope):
            await self._listen(listener)

    async def _listen(self, listener: Ears) -> None:
        async with listener:
            while True:
                try:
                    async for event in listener:
                        self._hear(event)
                except AudioInputError:
                    raise
                except SpeechError as error:
                    self._not_understood(error)
                else:
                    return

    def _not_understood(self, error: SpeechError) -> None:
        """The recogniser failed on an utterance: say so, end its turn, and listen on."""
        scope, self._heard = self._heard or self._scope, None
        with within(scope):
            self.probe.error(error, recovery_action="turn given up, listening goes on")
            self.port.publish(SystemMessage(str(error), "error", self.NAME))
            self.port.publish(CompleteTranscript("", "voice"))

    def _hear(self, event: object) -> None:
        if isinstance(event, SpeechStarted):
            scope = self._new_turn(SttUserStartedSpeaking)
            self._heard = scope
            self._publish_in(scope, SttUserStartedSpeaking(round(event.at_ms, 1)))
        elif self._heard is None:
            return
        elif isinstance(event, Partial):
            self._publish_in(self._heard, PartialTranscript(event.text, round(event.audio_ms, 1)))
        elif isinstance(event, Complete):
            self._last_text = event.text
            since_ns = self.tap.clock.mono_ns() - event.speech_end_mono_ns
            transcript = CompleteTranscript(
                event.text,
                "voice",
                round(event.speech_ms, 1),
                round(event.compute_ms, 1),
                round(since_ns / 1e6, 1),
            )
            scope, self._heard = self._heard, None
            self._said[scope.turn or 0] = event.text
            self._publish_transcript(scope, transcript)

    def say(self, text: str) -> int:
        """Type instead of speaking; returns the turn this begins."""
        self._door = "text"
        self._last_text = text
        scope = self._new_turn(SttUserStartedSpeaking)
        self._said[self.turn] = text
        # Whoever speaks stops for typed words as for spoken ones.
        self._publish_in(scope, SttUserStartedSpeaking())
        self._publish_transcript(scope, CompleteTranscript(text, "text"))
        return self.turn

    def _publish_transcript(self, scope: Scope, transcript: CompleteTranscript) -> None:
        self._publish_in(scope, transcript)
        if not transcript.text.strip():
            self._end_turn(scope.turn or 0, "empty")  # nobody answers that

    def hand_off(self, to_agent: str, reason: str = "asked for from outside") -> None:
        """Let another agent take over from the next turn on.

        Raises:
            UnknownAgentError: there is no such agent.
        """
        with within(self._scope):
            self._agents.hand_off(to_agent, reason)

    def heard_in(self, turn: int) -> str:
        """What was understood, or typed, in a turn; empty where it was nothing."""
        return self._said.get(turn, "")

    def _new_turn(self, first: type[Message]) -> Scope:
        self._end_turn(self.turn, "interrupted")
        self.turn += 1
        self.session.turns.begin(self.turn)
        self._changed.set()
        return turn_scope(self.session.session_id, self.session.user_id, self.turn, first.message_type)

    def _publish_in(self, scope: Scope, message: Message) -> None:
        with within(scope):
            self.port.publish(message)

    # --- how turns end -----------------------------------------------------------

    def _end_turn(self, turn: int, how: str) -> None:
        if turn and turn not in self._ended:
            self._ended[turn] = how
            self._ended_by[turn] = current.get().cause
            self._changed.set()

    async def _on_output_complete(self, message: AudioOutputComplete, scope: Scope) -> Dropped | None:
        self._end_turn(scope.turn or 0, "interrupted" if message.interrupted else "answered")
        return None

    async def _on_bot_started(self, _message: TtsBotStartedSpeaking, scope: Scope) -> Dropped | None:
        self._bot_turn = scope.turn or 0
        self._bot_by = current.get().cause
        self._changed.set()
        return None

    async def _on_system(self, message: SystemMessage, scope: Scope) -> Dropped | None:
        logger.warning("told the user: {}", message.text)
        if message.level == "error":
            self._end_turn(scope.turn or 0, "failed")
        return None

    async def turn_ended(self, turn: int) -> str:
        """Wait for the end of a turn: ``answered``, ``interrupted``, ``failed`` or ``empty``."""
        if turn not in self._ended:
            while turn not in self._ended:
                await self._next_change()
            self._goes_on("TURN_ENDED", {"turn": turn, "how": self._ended[turn]}, self._ended_by[turn])
        return self._ended[turn]

    async def bot_speaks(self, turn: int) -> bool:
        """Wait until the assistant speaks in this turn; False if the turn ended without that."""
        if self._bot_turn < turn and turn not in self._ended:
            while self._bot_turn < turn and turn not in self._ended:
                await self._next_change()
            by = self._bot_by if self._bot_turn >= turn else self._ended_by[turn]
            self._goes_on("BOT_SPEAKS", {"turn": turn, "speaks": self._bot_turn >= turn}, by)
        return self._bot_turn >= turn

    async def turn_begun(self, turn: int) -> None:
        """Wait until the user has begun this turn."""
        while self.turn < turn:
            await self._next_change()

    def _goes_on(self, what: str, data: dict[str, Any], by: str | None) -> None:
        """Record that somebody goes on who waited: what they do now comes after what they waited for."""
        self.probe.emit(SYSTEM, what, data, cause=by, scope=self._scope)

    async def _next_change(self) -> None:
        self._changed.clear()
        await self._changed.wait()
