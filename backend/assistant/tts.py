"""Speaks: one worker a turn, and never two at once."""

from __future__ import annotations

import asyncio
from typing import Any

from backend.assistant.agents import AgentConfig, AgentContext
from backend.assistant.component import TURN_CANCELLED, Component, SessionInfo, stop_task
from backend.assistant.guards import Guard
from backend.assistant.states import IDLE
from backend.assistant.tts_worker import TtsWorker
from backend.bus import Bus, Dropped
from backend.events.messages import (
    BeginAiTurn,
    ChunkResponse,
    SttUserStartedSpeaking,
    SystemMessage,
    TtsWorkerCompleted,
)
from backend.speech import TextToSpeech
from backend.tap import Scope, for_worker

_KEPT_WORKERS = 4
_IMPATIENT_SECONDS = 0.2


class TTSOrchestrator(Component):
    """Creates a turn's worker only when the one before is gone, and hands it its text."""

    NAME = "tts_orchestrator"

    def __init__(self, bus: Bus, session: SessionInfo, agents: AgentContext, tts: TextToSpeech) -> None:
        self._agents = agents
        self._tts = tts
        self._worker: TtsWorker | None = None
        self._task: asyncio.Task[None] | None = None
        self._workers: dict[str, TtsWorker] = {}
        self._unwatched: set[asyncio.Task[None]] = set()
        super().__init__(bus, session)

    def start(self) -> None:
        """Subscribe to turns, to text, and to what ends a turn early."""
        self.port.on(BeginAiTurn, self._on_begin)
        self.port.on(ChunkResponse, self._on_chunk)
        self.port.on(SttUserStartedSpeaking, self._on_user_started)
        self.port.on(SystemMessage, self._on_system)

    def get_debug_state(self) -> dict[str, Any]:
        """The current worker and the last few, each with its state."""
        worker = self._worker
        return {
            "state": worker.machine.state if worker else IDLE,
            "turn": self.turn,
            "current_worker": worker.worker_id if worker else None,
            "workers": {name: known.get_debug_state() for name, known in self._workers.items()},
        }

    async def _on_begin(self, message: BeginAiTurn, scope: Scope) -> Dropped | None:
        if dropped := self.silenced(scope):
            return dropped
        await self._stop_worker("a new turn begins")
        self.turn = scope.turn or self.turn + 1
        agent = self._agents.config_of(message.agent_id, message.config_version)
        self._spawn(agent)
        return None

    def _spawn(self, agent: AgentConfig) -> None:
        worker_id = f"{self.session.session_id}-w{self.turn}"
        chosen = (lambda: agent) if self.guarded(Guard.CONFIG_OF_THE_TURN) else self._agents.current
        worker = TtsWorker(worker_id, self.turn, self.port, self._tts, chosen, self.session.conditions)
        self._worker = worker
        self._workers[worker_id] = worker
        while len(self._workers) > _KEPT_WORKERS:
            del self._workers[next(iter(self._workers))]
        self._task = asyncio.create_task(worker.run(), name=worker_id)

    async def _stop_worker(self, reason: str) -> None:
        """Cancel the worker and wait until it is gone: requested is not yet stopped."""
        task, self._task = self._task, None
        if task is None:
            return
        if self._worker is not None:
            self.session.turns.give_up(self._worker.turn)
        stopping = self._stop(self._worker, task, reason)
        if self.guarded(Guard.OLD_WORKER_FIRST):
            await stopping
        else:
            unwatched = asyncio.create_task(stopping, name=f"stop {task.get_name()}")
            self._unwatched.add(unwatched)
            unwatched.add_done_callback(self._unwatched.discard)

    async def _stop(self, worker: TtsWorker | None, task: asyncio.Task[None], reason: str) -> None:
        if self.guarded(Guard.WORKER_ENDS_ITSELF):
            await stop_task(task, reason)
        else:
            await self._stop_impatiently(task, reason)
        if self._worker is worker or not self.guarded(Guard.OWN_CLEANUP_ONLY):
            self._worker = None

    async def _stop_impatiently(self, task: asyncio.Task[None], reason: str) -> None:
        """Cancel it; what has not ended soon is told to have ended."""
        task.cancel(reason)
        _, late = await asyncio.wait({task}, timeout=_IMPATIENT_SECONDS)
        self._unwatched |= late
        if late:
            worker_id = task.get_name()
            with for_worker(worker_id):
                self.port.publish(TtsWorkerCompleted(worker_id, "cancelled"))

    async def _on_chunk(self, message: ChunkResponse, scope: Scope) -> Dropped | None:
        worker = self._worker
        if self.guarded(Guard.CURRENT_WORKER_ONLY):
            if dropped := self.silenced(scope):
                return dropped
            if worker is not None and message.worker_id != worker.worker_id:
                worker = None
        if worker is None:
            return Dropped(f"{message.worker_id} is not the current worker")
        worker.inbox.put_nowait(message)
        return None

    async def _on_user_started(self, _message: SttUserStartedSpeaking, scope: Scope) -> Dropped | None:
        if dropped := self.stale(scope):
            return dropped
        self.turn = scope.turn or self.turn
        await self._stop_worker("barge-in")
        return None

    async def _on_system(self, message: SystemMessage, scope: Scope) -> Dropped | None:
        if dropped := self.stale(scope):
            return dropped
        if message.recovery == TURN_CANCELLED:
            await self._stop_worker("turn cancelled")
        return None

    async def close(self) -> None:
        """Stop the worker, then unsubscribe."""
        await self._stop_worker("the session ends")
        if self._unwatched:
            await asyncio.wait(set(self._unwatched))
        await super().close()
