"""One worker speaks one turn: it pulls text, chunk by chunk, and gives audio."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from backend.assistant.agents import AgentConfig
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
from backend.speech import TextToSpeech
from backend.tap import TappedQueue, for_worker


@dataclass
class _Made:
    """What the worker has produced so far."""

    chunks: int = 0
    pieces: int = 0
    audio_ms: float = 0.0


class TtsWorker:
    """IDLE → ACTIVE → STOPPING → IDLE. Whatever ends it, `TtsWorkerCompleted` is its last word."""

    def __init__(self, worker_id: str, turn: int, port: Port, tts: TextToSpeech, agent: AgentConfig) -> None:
        self.worker_id = worker_id
        self.turn = turn
        self._port = port
        self._tts = tts
        self._agent = agent
        self._made = _Made()
        self.machine = StateMachine(WORKER, port.probe)
        self.inbox: TappedQueue[ChunkResponse] = TappedQueue(port.probe.tap, f"{worker_id}.inbox", 2)
        self._waits_for: str | None = None

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
                self._complete(status)

    def _complete(self, status: WorkerStatus) -> None:
        if status != "ok" and self.machine.state == ACTIVE:
            self.machine.to(STOPPING, status)
        self.machine.end(f"worker {status}")
        made = self._made
        self._port.publish(TtsWorkerCompleted(self.worker_id, status, made.chunks, made.pieces))

    async def _speak_turn(self) -> None:
        await self._tts.start()
        publish = self._port.publish
        publish(TtsConnectionReady(self.worker_id, self._tts.sample_rate))
        agent = self._agent
        self.machine.to(ACTIVE, "session ready")
        publish(TtsSessionReady(self.worker_id, agent.agent_id, agent.voice.voice_id, agent.version))
        while True:
            chunk = await self._next_chunk()
            if chunk.text:
                await self._speak(chunk)
            if chunk.is_final:
                break
        made = self._made
        publish(TtsGenerationComplete(self.worker_id, made.pieces, round(made.audio_ms, 3)))
        self.machine.to(STOPPING, "all text spoken")
        publish(TtsSessionComplete(self.worker_id, made.chunks, round(made.audio_ms, 3)))

    async def _next_chunk(self) -> ChunkResponse:
        request_id = f"{self.worker_id}.r{self._made.chunks}"
        self._waits_for = request_id
        self._port.publish(RequestNextChunk(self.worker_id, request_id, self._made.chunks))
        chunk = await self.inbox.get()
        self._waits_for = None
        return chunk

    async def _speak(self, chunk: ChunkResponse) -> None:
        async for piece in self._tts.synthesize(chunk.text, self._agent.voice):
            content = piece.to_int16_bytes()
            self._port.publish(
                TtsAudioChunk(
                    self.worker_id,
                    self._made.pieces,
                    chunk.chunk_index,
                    len(content),
                    round(piece.duration_ms, 3),
                    piece.sample_rate,
                    self._agent.voice.voice_id,
                    Blob(content),
                )
            )
            self._made.pieces += 1
            self._made.audio_ms += piece.duration_ms
        self._made.chunks += 1
