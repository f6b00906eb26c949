"""The listener: who spoke when and what was said, with an engine that is slow, fails, or guesses wrong.

The voice activity detector of these tests reads the answer from the frame, the recogniser tells what audio it
was given: what is tested is what lies between. The real engines are in test_speech_models.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from backend.speech import (
    FRAME_MS,
    FRAME_SAMPLES,
    LISTEN_RATE,
    AudioInputError,
    Complete,
    EndOfAudio,
    EndpointSettings,
    Heard,
    Listener,
    ListenerSettings,
    Partial,
    PartialTranscriber,
    Pcm,
    Samples,
    SpeechError,
    SpeechStarted,
    Transcript,
)

ENDPOINT = EndpointSettings(min_speech_ms=96, min_silence_ms=320, pre_roll_ms=64, post_roll_ms=96)
SETTINGS = ListenerSettings(endpoint=ENDPOINT, partial_every_ms=320)


class Frames:
    """Stretches of frames, each filled with one level; then, where told, an error."""

    def __init__(self, *stretches: tuple[int, float], error: Exception | None = None) -> None:
        self._levels = [level for count, level in stretches for _ in range(count)]
        self._error = error

    async def __aiter__(self) -> AsyncIterator[Samples]:
        for level in self._levels:
            await asyncio.sleep(0)
            yield np.full(FRAME_SAMPLES, level, np.float32)
        if self._error:
            raise self._error


class LevelVad:
    """A frame's level is its probability."""

    def probability(self, frame: Samples) -> float:
        return float(frame[0])

    def reset(self) -> None:
        pass


class CountingStt:
    """Says how many voiced frames it was given; holds each transcription until `go` is set."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.go.set()
        self.calls: list[list[float]] = []
        self.running = 0
        self.most = 0
        self.fail_at: set[int] = set()

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def transcribe(self, pcm: Pcm) -> Transcript:
        assert pcm.sample_rate == LISTEN_RATE
        levels = pcm.samples[::FRAME_SAMPLES].tolist()
        self.calls.append(levels)
        number = len(self.calls)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self.go.wait()
        finally:
            self.running -= 1
        if number in self.fail_at:
            raise SpeechError(f"call {number} failed")
        return Transcript(f"{sum(level > 0.5 for level in levels)} voiced", pcm.duration_ms, 1.0)


async def everything(listener: Listener) -> list[Heard]:
    async with asyncio.timeout(10), listener:
        return [event async for event in listener]


async def test_two_utterances_are_started_completed_and_the_audio_ended() -> None:
    """In that order, with the times of the audio, and all voiced frames in each transcript."""
    stt = CountingStt()
    source = Frames((10, 0.0), (20, 0.9), (20, 0.0), (6, 0.9), (20, 0.0))
    got = await everything(Listener(source, LevelVad(), stt, SETTINGS))
    firm = [event for event in got if not isinstance(event, Partial)]
    assert [type(event) for event in firm].count(Complete) == 2
    assert [event for event in firm if isinstance(event, SpeechStarted)] == [
        SpeechStarted(10 * FRAME_MS),
        SpeechStarted(50 * FRAME_MS),
    ]
    assert [(e.text, e.speech_ms) for e in firm if isinstance(e, Complete)] == [
        ("20 voiced", 20 * FRAME_MS),
        ("6 voiced", 6 * FRAME_MS),
    ]
    assert firm[-1] == EndOfAudio(76 * FRAME_MS)


async def test_an_utterance_has_its_pre_roll_and_none_of_the_one_before() -> None:
    """A soft beginning counts: two quiet frames before the voice, three after it."""
    stt = CountingStt()
    source = Frames((10, 0.0), (8, 0.9), (11, 0.0), (8, 0.8), (20, 0.0))
    await everything(Listener(source, LevelVad(), stt, ListenerSettings(ENDPOINT, partial_every_ms=0)))
    first, second = ([round(level, 1) for level in call] for call in stt.calls)
    assert first == [0.0] * 2 + [0.9] * 8 + [0.0] * 3
    assert second == [0.0] * 2 + [0.8] * 8 + [0.0] * 3


async def test_frames_are_read_on_while_an_utterance_is_transcribed() -> None:
    """The user speaks again before the first answer is there: that start is heard at once."""
    stt = CountingStt()
    stt.go.clear()
    source = Frames((20, 0.9), (20, 0.0), (20, 0.9), (20, 0.0))
    async with asyncio.timeout(10), Listener(source, LevelVad(), stt, SETTINGS) as listener:
        assert await anext(listener) == SpeechStarted(0)
        assert await anext(listener) == SpeechStarted(40 * FRAME_MS)
        stt.go.set()
        rest = [event async for event in listener]
    assert [event.text for event in rest if isinstance(event, Complete)] == ["20 voiced", "20 voiced"]


async def test_speech_that_is_open_when_the_audio_ends_is_completed() -> None:
    """A file may stop in the middle of a word."""
    got = await everything(Listener(Frames((5, 0.0), (12, 0.9)), LevelVad(), CountingStt(), SETTINGS))
    assert [(e.text, e.speech_ms) for e in got if isinstance(e, Complete)] == [("12 voiced", 12 * FRAME_MS)]
    assert isinstance(got[-1], EndOfAudio)


async def test_a_guess_in_a_pause_is_forgotten_when_the_speech_goes_on() -> None:
    """A pause of six frames lets it guess; the transcript is of the whole, never of the guess."""
    stt = CountingStt()
    source = Frames((10, 0.9), (6, 0.0), (10, 0.9), (20, 0.0))
    got = await everything(Listener(source, LevelVad(), stt, ListenerSettings(ENDPOINT, partial_every_ms=0)))
    assert [event.text for event in got if isinstance(event, Complete)] == ["20 voiced"]
    assert len(stt.calls) == 2  # the wrong guess and the right one: the second was not made again


async def test_silence_is_nothing() -> None:
    """Only the end."""
    assert await everything(Listener(Frames((50, 0.0)), LevelVad(), CountingStt(), SETTINGS)) == [
        EndOfAudio(50 * FRAME_MS)
    ]
    assert await everything(Listener(Frames(), LevelVad(), CountingStt(), SETTINGS)) == [EndOfAudio(0)]


async def test_partials_grow_and_never_come_after_their_complete() -> None:
    """Each hears more than the one before."""
    got = await everything(Listener(Frames((60, 0.9), (20, 0.0)), LevelVad(), CountingStt(), SETTINGS))
    partials = [event for event in got if isinstance(event, Partial)]
    assert len(partials) >= 3
    assert [event.audio_ms for event in partials] == sorted({event.audio_ms for event in partials})
    assert isinstance(got[-2], Complete)


async def test_a_recogniser_that_hangs_on_a_partial_does_not_delay_the_complete_transcript() -> None:
    """At most one attempt is under way beside it, and what the attempt says later is thrown away."""
    stt = CountingStt()
    partial_began, free = asyncio.Event(), asyncio.Event()

    class Hanging(CountingStt):
        async def transcribe(self, pcm: Pcm) -> Transcript:
            first = not partial_began.is_set()
            partial_began.set()
            if first:
                await free.wait()
                return Transcript("late", pcm.duration_ms, 1.0)
            return await super().transcribe(pcm)

    stt = Hanging()
    got: list[Heard] = []
    async with (
        asyncio.timeout(10),
        Listener(Frames((40, 0.9), (20, 0.0)), LevelVad(), stt, SETTINGS) as listener,
    ):
        async for event in listener:
            got.append(event)
            if isinstance(event, Complete):
                free.set()
    assert [event.text for event in got if isinstance(event, Complete | Partial)] == ["40 voiced"]


async def test_a_failing_transcription_is_raised_once_and_the_listener_goes_on() -> None:
    """The second utterance is heard by iterating again."""
    stt = CountingStt()
    stt.fail_at = {1}
    source = Frames((10, 0.9), (20, 0.0), (10, 0.9), (20, 0.0))
    listener = Listener(source, LevelVad(), stt, ListenerSettings(ENDPOINT, partial_every_ms=0))
    async with asyncio.timeout(10), listener:
        with pytest.raises(SpeechError, match="call 1 failed"):
            async for _ in listener:
                pass
        rest = [event async for event in listener]
    assert [event.text for event in rest if isinstance(event, Complete)] == ["10 voiced"]


async def test_a_source_that_fails_is_raised_after_what_it_gave_and_then_the_audio_ends() -> None:
    """A microphone that is unplugged, or a fault that nobody foresaw: never a silent stop."""
    for error in (AudioInputError("unplugged"), OSError("disk")):
        listener = Listener(Frames((10, 0.9), error=error), LevelVad(), CountingStt(), SETTINGS)
        async with asyncio.timeout(10), listener:
            with pytest.raises(type(error), match=str(error)):
                async for _ in listener:
                    pass
            rest = [event async for event in listener]
        assert [type(event) for event in rest][-2:] == [Complete, EndOfAudio]


async def test_closing_in_the_middle_stops_everything() -> None:
    """No task is left, though the recogniser hangs and the source never ends."""
    stt = CountingStt()
    stt.go.clear()
    before = asyncio.all_tasks()
    async with asyncio.timeout(10):
        listener = Listener(Frames((20, 0.9), (100_000, 0.0)), LevelVad(), stt, SETTINGS)
        assert await anext(listener) == SpeechStarted(0)
        await listener.close()
        await listener.close()
        with pytest.raises(StopAsyncIteration):
            await anext(listener)
    assert asyncio.all_tasks() == before
    assert stt.running == 0


async def test_attempts_at_a_partial_never_overlap_and_are_rate_limited() -> None:
    """Due every 300 ms of audio; one that is due while another runs is skipped and counted."""
    stt = CountingStt()
    stt.go.clear()
    heard: list[str] = []
    done = asyncio.Event()

    def hear(transcript: Transcript) -> None:
        heard.append(transcript.text)
        done.set()

    partials = PartialTranscriber(stt, hear, every_ms=300)
    audio = Pcm(np.full(FRAME_SAMPLES, 0.9, np.float32), LISTEN_RATE)
    begun = [partials.offer(ms, lambda: audio) for ms in (100, 200, 300, 400, 650, 900)]
    assert begun == [False, False, True, False, False, False]
    assert partials.skipped == 1
    async with asyncio.timeout(10):
        stt.go.set()
        await done.wait()
    assert (heard, stt.most, partials.running) == (["1 voiced"], 1, False)
    await partials.close()


async def test_leaving_the_iteration_leaves_the_listener_usable() -> None:
    """`break` and a second `async for` go on where the first stopped."""
    source = Frames((10, 0.9), (20, 0.0))
    async with asyncio.timeout(10), Listener(source, LevelVad(), CountingStt(), SETTINGS) as listener:
        async for event in listener:
            assert event == SpeechStarted(0)
            break
        rest = [event async for event in listener]
    assert isinstance(rest[-1], EndOfAudio)
