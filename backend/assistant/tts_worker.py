"""One worker speaks one turn: it pulls text, chunk by chunk, and gives audio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from backend.assistant.agents import AgentConfig
from backend.assistant.conditions import Conditions, Delay
from backend.assistant.guards import Guard
from backend.assistant.states import ACTIVE, STOPPING, WORKER, StateMachine
from backend.bus import Port
from backend.events import Blob
from backend.events.messages import (
    ChunkResponse,
    RequestNextChunk,
    TtsAudioChunk,
    TtsConnectionReady,
    TtsGenerationComplete,
    TtsSessionComplete,
    TtsSessionError,
    TtsSessionReady,
    TtsWorkerCompleted,
    WorkerStatus,
)
from backend.speech import Pcm, TextToSpeech
from backend.tap import TappedQueue, for_worker


@dataclass
class _Made:
    """What the worker has produced so far."""

    chunks: int = 0
    pieces: int = 0
    audio_ms: float = 0.0


class TtsWorker:
    """IDLE → ACTIVE → STOPPING → IDLE. Whatever ends it, `TtsWorkerCompleted` is its last word."""

    def __init__(
        self,
        worker_id: str,
        turn: int,
        port: Port,
        tts: TextToSpeech,
        agent: Callable[[], AgentConfig],
        conditions: Conditions,
    ) -> None:
        self.worker_id = worker_id
        self.turn = turn
        self._port = port
        self._tts = tts
        self._agent = agent
        self._conditions = conditions
        self._made = _Made()
        self.machine = StateMachine(WORKER, port.probe, conditions)
        self.inbox: TappedQueue[ChunkResponse] = TappedQueue(port.probe.tap, f"{worker_id}.inbox", 2)
        self._asked = 0
        self._taken = 0
        self._cut = 0
        self._waits_for: str | None = None
        self._sending: list[asyncio.Task[None]] = []

    def get_debug_state(self) -> dict[str, Any]:
        """For the orchestrator's snapshot."""
        return {
            "state": self.machine.state,
            "turn": self.turn,
            "chunks": self._made.chunks,
            "audio_chunks": self._made.pieces,
            "waits_for": self._waits_for,
        }

    async def run(self) -> None:
        """Live from connection to completion. Never raises, but for cancellation."""
        with for_worker(self.worker_id):
            status: WorkerStatus = "ok"
            try:
                await self._speak_turn()
            except asyncio.CancelledError:
                status = "cancelled"
                raise
            except Exception as error:  # noqa: BLE001 - an engine's failure ends the worker, not the assistant
                status = "failed"
                self._port.probe.error(error, recovery_action="worker ended")
                self._port.publish(TtsSessionError(self.worker_id, type(error).__name__, str(error)))
            finally:
                try:
                    await self._sent()
                    await self._conditions.take(Delay.TTS_CLOSE)
                finally:
                    self._complete(status)

    def _complete(self, status: WorkerStatus) -> None:
        if status != "ok" and self.machine.can(STOPPING):
            self.machine.to(STOPPING, status)
        self.machine.end(f"worker {status}")
        made = self._made
        self._port.publish(TtsWorkerCompleted(self.worker_id, status, made.chunks, made.pieces))

    async def _sent(self) -> None:
        """Wait until no piece is on its way any more."""
        if self._sending:
            await asyncio.wait(self._sending)

    async def _speak_turn(self) -> None:
        if not self._conditions.guarded(Guard.TEXT_AFTER_READY):
            self._ask()
        await self._tts.start()
        await self._conditions.take(Delay.TTS_CONNECT)
        publish = self._port.publish
        publish(TtsConnectionReady(self.worker_id, self._tts.sample_rate))
        agent = self._agent()
        self.machine.to(ACTIVE, "session ready")
        publish(TtsSessionReady(self.worker_id, agent.agent_id, agent.voice.voice_id, agent.version))
        while True:
            chunk = await self._next_chunk()
            if chunk.text:
                await self._speak(chunk, agent)
            if chunk.is_final:
                break
        made = self._made
        publish(TtsGenerationComplete(self.worker_id, made.pieces, round(made.audio_ms, 3)))
        self.machine.to(STOPPING, "all text spoken")
        publish(TtsSessionComplete(self.worker_id, made.chunks, round(made.audio_ms, 3)))

    async def _next_chunk(self) -> ChunkResponse:
        ahead = 1 if self._conditions.guarded(Guard.ONE_REQUEST_AT_A_TIME) else 2
        while self._asked < self._taken + ahead:
            self._ask()
        chunk = await self.inbox.get()
        self._taken += 1
        self._waits_for = None
        return chunk

    def _ask(self) -> None:
        request_id = self._waits_for = f"{self.worker_id}.r{self._asked}"
        self._port.publish(RequestNextChunk(self.worker_id, request_id, self._asked))
        self._asked += 1

    async def _speak(self, chunk: ChunkResponse, agent: AgentConfig) -> None:
        await self._conditions.take(Delay.TTS_SPEAK)
        in_order = self._conditions.guarded(Guard.PIECES_IN_ORDER)
        async for piece in self._tts.synthesize(chunk.text, agent.voice):
            sending = self._send(piece, self._cut, chunk.chunk_index, agent.voice.voice_id)
            self._cut += 1
            if in_order:
                await sending
            else:
                self._sending.append(asyncio.create_task(sending, name=f"{self.worker_id} sends"))
        self._made.chunks += 1

    async def _send(self, piece: Pcm, index: int, chunk_index: int, voice_id: str) -> None:
        if index == 0:
            await self._conditions.take(Delay.TTS_FIRST_PIECE)
        content = piece.to_int16_bytes()
        duration_ms = round(piece.duration_ms, 3)
        self._port.publish(
            TtsAudioChunk(
                self.worker_id,
                index,
                chunk_index,
                len(content),
                duration_ms,
                piece.sample_rate,
                voice_id,
                Blob(content),
            )
        )
        self._made.pieces += 1
        self._made.audio_ms += piece.duration_ms
