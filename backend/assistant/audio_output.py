"""Plays a turn's speech at its own pace, and stops in the middle of it when told to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from backend.assistant.component import TURN_CANCELLED, Component, SessionInfo, stop_task
from backend.assistant.conditions import Delay
from backend.assistant.guards import Guard
from backend.assistant.states import IDLE, PLAYBACK, PLAYING, StateMachine
from backend.bus import Bus, Dropped
from backend.events.messages import (
    AudioOutputComplete,
    SttUserStartedSpeaking,
    SystemMessage,
    TtsAudioChunk,
    TtsBotFinishedSpeaking,
    TtsBotStartedSpeaking,
    TtsGenerationComplete,
)
from backend.speech import AudioSink, Pcm
from backend.tap import Scope, TappedQueue, for_worker


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of audio to play; None as audio is the end of the turn's."""

    index: int
    voice_id: str
    pcm: Pcm | None


class _Playback:
    """The pieces of one worker, in order, and what has become of them."""

    def __init__(self, worker_id: str, turn: int, queue: TappedQueue[_Piece]) -> None:
        self.worker_id = worker_id
        self.turn = turn
        self.queue = queue
        self.index: int | None = None
        self.voice_id = ""
        self.played = 0
        self.played_ms = 0.0


class AudioOutput(Component):
    """Paced playback into a sink: a WAV file, a sound device, or nothing.

    ``pace`` is how long playing takes against the audio's own time: 1.0 real time, 0 no waiting.
    ``speed`` divides that, and may change while something plays.
    """

    NAME = "audio_output"

    def __init__(self, bus: Bus, session: SessionInfo, sink: AudioSink, *, pace: float = 1.0) -> None:
        self._sink = sink
        self._pace = pace
        self.speed = 1.0
        self._now: _Playback | None = None
        self._task: asyncio.Task[None] | None = None
        self._playbacks: set[asyncio.Task[None]] = set()
        self._totals = {"played": 0, "interrupted": 0, "discarded": 0}
        self._machine: StateMachine | None = None
        self._silent_at_once = session.conditions.guarded(Guard.SILENCE_BEFORE_SOUND)
        super().__init__(bus, session)
        self._machine = StateMachine(PLAYBACK, self.probe, session.conditions)

    def start(self) -> None:
        """Subscribe to audio, and to what ends it."""
        self.port.on(TtsAudioChunk, self._on_audio)
        self.port.on(TtsGenerationComplete, self._on_generation_complete)
        self.port.on(SttUserStartedSpeaking, self._on_user_started)
        self.port.on(SystemMessage, self._on_system)

    def get_debug_state(self) -> dict[str, Any]:
        """What is playing now, what waits, and the session's totals."""
        now = self._now
        playing = None
        if now is not None and now.index is not None:
            playing = {"worker_id": now.worker_id, "turn": now.turn, "audio_index": now.index}
        return {
            "state": self._machine.state if self._machine else IDLE,
            "turn": self.turn,
            "playing": playing,
            "buffered": now.queue.qsize() if now else 0,
            "totals": dict(self._totals),
        }

    # --- messages --------------------------------------------------------------

    async def _on_audio(self, message: TtsAudioChunk, scope: Scope) -> Dropped | None:
        if dropped := self.silenced(scope):
            self._totals["discarded"] += 1
            return dropped
        playback = self._playback_for(message.worker_id, scope)
        pcm = Pcm.from_int16_bytes(message.pcm.content, message.sample_rate)
        playback.queue.put_nowait(_Piece(message.audio_index, message.voice_id, pcm))
        return None

    async def _on_generation_complete(self, message: TtsGenerationComplete, scope: Scope) -> Dropped | None:
        if dropped := self.silenced(scope):
            return dropped
        playback = self._playback_for(message.worker_id, scope)
        playback.queue.put_nowait(_Piece(message.audio_chunks, playback.voice_id, None))
        return None

    def _playback_for(self, worker_id: str, scope: Scope) -> _Playback:
        now = self._now
        if now is None or now.worker_id != worker_id:
            self.turn = scope.turn or self.turn
            now = self._now = _Playback(worker_id, self.turn, TappedQueue(self.tap, f"{worker_id}.playback"))
            self._task = asyncio.create_task(self._play(now), name=f"playback {worker_id}")
            self._playbacks.add(self._task)
            self._task.add_done_callback(self._playbacks.discard)
        return now

    async def _on_user_started(self, _message: SttUserStartedSpeaking, scope: Scope) -> Dropped | None:
        if dropped := self.stale(scope):
            return dropped
        self.turn = scope.turn or self.turn
        await self._stop()
        return None

    async def _on_system(self, message: SystemMessage, scope: Scope) -> Dropped | None:
        if dropped := self.stale(scope):
            return dropped
        if message.recovery == TURN_CANCELLED:
            await self._stop()
        return None

    async def _stop(self) -> None:
        """Silence, now: the piece that plays is the last one, and one that is about to play is none."""
        if self._machine is not None and self._machine.state == IDLE and not self._silent_at_once:
            return
        task, self._task = self._task, None
        if task is not None:
            await stop_task(task, "silence")

    # --- playing -----------------------------------------------------------------

    async def _play(self, playback: _Playback) -> None:
        """Play one turn from its first piece to its end or interruption."""
        with for_worker(playback.worker_id):
            interrupted = False
            try:
                interrupted = not await self._play_pieces(playback)
            except asyncio.CancelledError:
                interrupted = True
                raise
            except Exception as error:  # noqa: BLE001 - a full disk or a lost device ends this turn's sound only
                interrupted = True
                self.session.turns.give_up(playback.turn)
                self.probe.error(error, recovery_action="playback ended")
                told = f"the sound cannot be played: {error}"
                self.port.publish(SystemMessage(told, "error", self.NAME, TURN_CANCELLED))
            finally:
                self._finish(playback, interrupted=interrupted)

    async def _play_pieces(self, playback: _Playback) -> bool:
        """Play until the end; False if the turn was over before that."""
        clock = asyncio.get_running_loop().time
        due: float | None = None
        to_the_end = self.guarded(Guard.PLAY_TO_THE_END)
        while (piece := await playback.queue.get()).pcm is not None:
            if playback.index is None:
                await self.session.conditions.take(Delay.AUDIO_OPEN)
            if due is None or clock() > due:
                due = clock()  # the first piece, or the voice was late: play on from now
            if self._silent_at_once and self.session.turns.over(playback.turn):
                return False
            self._begin_piece(playback, piece)
            await self._sink.write(piece.pcm)
            due += piece.pcm.duration_ms / 1000 * self._pace / self.speed
            await asyncio.sleep(max(0.0, due - clock()))
            playback.played += 1
            playback.played_ms += piece.pcm.duration_ms
            self._totals["played"] += 1
            if playback.queue.empty() and not to_the_end:
                break
        return True

    def _begin_piece(self, playback: _Playback, piece: _Piece) -> None:
        first = playback.index is None
        playback.index = piece.index
        playback.voice_id = piece.voice_id
        if first:
            if self._machine is not None and self._machine.state != PLAYING:
                self._machine.to(PLAYING, "first piece of the turn")
            self.port.publish(TtsBotStartedSpeaking(playback.worker_id, piece.voice_id))
        data = {"worker_id": playback.worker_id, "turn": playback.turn, "audio_index": piece.index}
        self.probe.system("AUDIO_PLAYING", data)

    def _finish(self, playback: _Playback, *, interrupted: bool) -> None:
        spoke = playback.index is not None
        self._now = None
        if interrupted:
            self._totals["interrupted"] += 1
            self._totals["discarded"] += playback.queue.qsize()
        if self._machine is not None:
            self._machine.end("interrupted" if interrupted else "the turn is played")
        worker = playback.worker_id
        if spoke:
            self.port.publish(TtsBotFinishedSpeaking(worker, playback.voice_id, interrupted))
        played_ms = round(playback.played_ms, 3)
        self.port.publish(AudioOutputComplete(worker, playback.played, played_ms, interrupted))

    async def close(self) -> None:
        """Stop playing, unsubscribe, close the sink."""
        for task in tuple(self._playbacks):
            await stop_task(task, "silence")
        await super().close()
        await self._sink.close()
