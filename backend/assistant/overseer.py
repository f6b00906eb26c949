"""Oversees the conversation: whose turn it is, and how it gets back to IDLE."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from loguru import logger

from backend.assistant.agents import AgentContext
from backend.assistant.component import TURN_CANCELLED, Component, SessionInfo
from backend.assistant.conditions import Delay
from backend.assistant.guards import Guard
from backend.assistant.memory import DatabaseMemory
from backend.assistant.reception import AudioReceptionTracker
from backend.assistant.states import (
    BOT_SPEAKING,
    CONVERSATION,
    HUMAN_SPEAKING,
    IDLE,
    THINKING,
    StateMachine,
)
from backend.bus import Bus, ComponentFailed, Dropped
from backend.events.messages import (
    AudioOutputComplete,
    BeginAiTurn,
    CompleteTranscript,
    LlmEvent,
    ProcessUserInput,
    SttUserStartedSpeaking,
    SystemMessage,
    TtsAudioChunk,
    TtsBotStartedSpeaking,
    TtsGenerationComplete,
    TtsReceptionComplete,
    TtsSessionError,
)
from backend.tap import Scope

Retrieve = Callable[[str, Scope], Awaitable[tuple[str, ...]]]
"""Passages that may help to answer a text. Must not fail: an answer without them is fine."""


async def no_context(_text: str, _scope: Scope) -> tuple[str, ...]:
    """Retrieve nothing."""
    return ()


class Overseer(Component):
    """IDLE → HUMAN_SPEAKING → THINKING → BOT_SPEAKING → IDLE, by the table `CONVERSATION`."""

    NAME = "overseer"

    def __init__(
        self,
        bus: Bus,
        session: SessionInfo,
        agents: AgentContext,
        memory: DatabaseMemory,
        retrieve: Retrieve = no_context,
    ) -> None:
        self._agents = agents
        self._memory = memory
        self._retrieve = retrieve
        self._counts = {"answered": 0, "interrupted": 0, "failed": 0, "empty": 0}
        self._speech_ended_ns: int | None = None
        self._failed_turn: int | None = None
        self._history: tuple[tuple[str, str], ...] = ()
        self._recalling: asyncio.Task[None] | None = None
        self.reception = AudioReceptionTracker()
        self._machine: StateMachine | None = None
        super().__init__(bus, session)
        self._machine = StateMachine(CONVERSATION, self.probe, session.conditions)

    def start(self) -> None:
        """Subscribe to both ends of the conversation, and to everybody's failures."""
        on = self.port.on
        on(SttUserStartedSpeaking, self._on_user_started)
        on(CompleteTranscript, self._on_transcript)
        on(TtsAudioChunk, self._on_audio)
        on(TtsGenerationComplete, self._on_generation_complete)
        on(TtsBotStartedSpeaking, self._on_bot_started)
        on(AudioOutputComplete, self._on_output_complete)
        on(LlmEvent, self._on_llm_event)
        on(TtsSessionError, self._on_tts_error)
        if self.guarded(Guard.FAILURES_HEARD):
            on(ComponentFailed, self._on_component_failed)

    async def close(self) -> None:
        """Unsubscribe, and let a recall that still runs end: the memory is closed after us."""
        if self._recalling is not None:
            await asyncio.wait({self._recalling})
        await super().close()

    @property
    def machine(self) -> StateMachine:
        """Where the conversation stands."""
        if self._machine is None:
            raise RuntimeError("the overseer is not built yet")
        return self._machine

    def get_debug_state(self) -> dict[str, Any]:
        """State, turn, how turns ended, and the audio that has arrived for this turn."""
        return {
            "state": self._machine.state if self._machine else IDLE,
            "turn": self.turn,
            "turns": dict(self._counts),
            "history": len(self._history),
            "reception": self.reception.get_debug_state(),
        }

    # --- the user's side -------------------------------------------------------

    async def _on_user_started(self, _message: SttUserStartedSpeaking, scope: Scope) -> Dropped | None:
        if dropped := self.stale(scope):
            return dropped
        self._user_takes_turn(scope)
        return None

    def _user_takes_turn(self, scope: Scope) -> None:
        was = self.machine.state
        if was == BOT_SPEAKING:
            self._counts["interrupted"] += 1
            logger.info("barge-in: turn {} gives way", self.turn)
            self._begin_turn(scope)
            self.machine.to(HUMAN_SPEAKING, "barge-in")
            return
        if was == THINKING:
            self._counts["interrupted"] += 1
            self.machine.end("cancelled: the user went on speaking")
        self._begin_turn(scope)
        if self.machine.state == IDLE:
            self.machine.to(HUMAN_SPEAKING, "the user speaks")

    def _begin_turn(self, scope: Scope) -> None:
        self.turn = scope.turn or self.turn + 1
        self._speech_ended_ns = None
        self.reception.reset()

    async def _on_transcript(self, message: CompleteTranscript, scope: Scope) -> Dropped | None:
        if dropped := self.stale(scope):
            return dropped
        if scope.turn != self.turn or self.machine.state != HUMAN_SPEAKING:
            self._user_takes_turn(scope)  # typed text: nobody was heard to start speaking
        if not message.text.strip():
            self._counts["empty"] += 1
            self.machine.end("cancelled: there were no words in what was heard")
            return None
        since = int(message.since_speech_end_ms * 1e6)
        self._speech_ended_ns = self.tap.clock.mono_ns() - since
        self.machine.to(THINKING, "transcript complete")
        logger.info("turn {}: {!r}", self.turn, message.text)
        await self._begin_ai_turn(message.text, scope)
        return None

    async def _begin_ai_turn(self, text: str, scope: Scope) -> None:
        """Context first, then the agent's configuration, which the whole turn keeps."""
        self._history = ()
        recalling = self._recall(scope)
        if self.guarded(Guard.HISTORY_FIRST):
            await recalling
        else:
            self._recalling = asyncio.create_task(recalling, name=f"recall {scope.turn}")
        await self.session.conditions.take(Delay.RETRIEVE)
        context = await self._retrieve(text, scope)
        self.read("history")
        history = self._history
        agent = await self._agents.config_for_turn()
        ids = (agent.agent_id, agent.voice.voice_id, agent.version)
        self.port.publish(BeginAiTurn(*ids))
        self.port.publish(ProcessUserInput(text, *ids, agent.prompt, history, context))

    async def _recall(self, scope: Scope) -> None:
        self._history = await self._memory.recall(scope)
        self.wrote("history")

    # --- the assistant's side ----------------------------------------------------

    async def _on_audio(self, message: TtsAudioChunk, scope: Scope) -> Dropped | None:
        if dropped := self.stale(scope):
            return dropped
        self.reception.received(message.worker_id)
        self._report_reception(message.worker_id)
        return None

    async def _on_generation_complete(self, message: TtsGenerationComplete, scope: Scope) -> Dropped | None:
        if dropped := self.stale(scope):
            return dropped
        self.reception.announced(message.worker_id, message.audio_chunks)
        self._report_reception(message.worker_id)
        return None

    def _report_reception(self, worker_id: str) -> None:
        if self.reception.completes():
            self.port.publish(TtsReceptionComplete(worker_id, self.reception.count))

    async def _on_bot_started(self, _message: TtsBotStartedSpeaking, scope: Scope) -> Dropped | None:
        if dropped := self.stale(scope):
            return dropped
        if not self.machine.can(BOT_SPEAKING):
            return Dropped(f"the conversation is {self.machine.state}")
        self.machine.to(BOT_SPEAKING, "first audio plays")
        if self._speech_ended_ns is not None:
            first_audio = (self.tap.clock.mono_ns() - self._speech_ended_ns) / 1e6
            self.probe.system(
                "PERFORMANCE",
                {"metric": "first_audio_after_speech_ms", "value": round(first_audio, 1), "turn": self.turn},
            )
        return None

    async def _on_output_complete(self, message: AudioOutputComplete, scope: Scope) -> Dropped | None:
        if dropped := self.stale(scope):
            return dropped
        if self.machine.state not in (THINKING, BOT_SPEAKING):
            return Dropped(f"the conversation is {self.machine.state}")
        if self.machine.state == THINKING:
            self._counts["empty"] += 1
            self.machine.end("cancelled: there was nothing to say")
        else:
            self._counts["interrupted" if message.interrupted else "answered"] += 1
            self.machine.to(IDLE, "the answer was spoken")
        return None

    # --- failures ------------------------------------------------------------------

    async def _on_llm_event(self, message: LlmEvent, scope: Scope) -> Dropped | None:
        if message.event != "stream_error":
            return None
        return self._recover(scope, "llm_orchestrator", "ModelError", message.error or "")

    async def _on_tts_error(self, message: TtsSessionError, scope: Scope) -> Dropped | None:
        return self._recover(scope, "tts_orchestrator", message.error_type, message.error_message)

    async def _on_component_failed(self, message: ComponentFailed, scope: Scope) -> Dropped | None:
        return self._recover(scope, message.component, message.error_type, message.error_message)

    def _recover(self, scope: Scope, component: str, error_type: str, error_message: str) -> Dropped | None:
        """Give the turn up, say so, and be ready for the next one."""
        if dropped := self.stale(scope):
            return dropped
        if self._failed_turn == self.turn:
            return None  # one failure a turn is told; those it drags along are in the record
        self._failed_turn = self.turn
        self._counts["failed"] += 1
        self.session.turns.give_up(self.turn)
        self.machine.end(f"error in {component}")
        self.probe.emit(
            "error",
            None,
            {
                "error_type": error_type,
                "error_message": error_message,
                "component": component,
                "recovery_action": "turn cancelled, back to IDLE",
            },
            severity="error",
        )
        logger.error("turn {} given up: {} {}: {}", self.turn, component, error_type, error_message)
        told = f"Sorry, I could not answer that: {error_message or error_type}"
        self.port.publish(SystemMessage(told, "error", component, TURN_CANCELLED))
        return None
