"""Where audio comes from and goes to: paced without drift, losses counted, a missing device named."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from backend.speech import (
    FRAME_SAMPLES,
    AudioInputError,
    DeviceSink,
    MicrophoneSource,
    NullSink,
    Pcm,
    Samples,
    SpeechError,
    WavSink,
    WavSource,
    read_wav,
    source,
    write_wav,
)


def noise(rate: int, seconds: float) -> Pcm:
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, round(rate * seconds))
    return Pcm(samples.astype(np.float32), rate)


async def test_as_fast_as_possible_gives_all_of_the_file_in_whole_frames(tmp_path: Path) -> None:
    """The last frame is filled up with silence; the loop gets its turn between frames."""
    path = tmp_path / "a.wav"
    write_wav(path, noise(16_000, 1.01))
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(other())
    frames = [frame async for frame in WavSource(path, realtime=False)]
    beside.cancel()
    assert {len(frame) for frame in frames} == {FRAME_SAMPLES}
    got = np.concatenate(frames)
    np.testing.assert_array_equal(got[:16_160], read_wav(path).samples)
    assert not got[16_160:].any()
    assert turns >= len(frames)


async def test_in_real_time_a_reader_that_was_held_up_catches_up(tmp_path: Path) -> None:
    """1.28 s of audio take 1.28 s, though the reader lost 1 s in the middle."""
    path = tmp_path / "b.wav"
    write_wav(path, noise(48_000, 1.28))
    begun = time.monotonic()
    arrived = []
    async for _ in WavSource(path, realtime=True):
        arrived.append(time.monotonic() - begun)
        if len(arrived) == 5:
            time.sleep(1)  # noqa: ASYNC251  -- the hold-up under test
    assert len(arrived) == 40
    assert arrived[0] >= 0.032
    assert 1.28 <= arrived[-1] < 2.1
    assert all(at >= 0.032 * count - 0.001 for count, at in enumerate(arrived, 1))


def test_a_source_that_is_no_wav_is_refused_before_anybody_listens(tmp_path: Path) -> None:
    """On construction, where the command line can still say so."""
    with pytest.raises(AudioInputError, match="does not exist"):
        WavSource(tmp_path / "none.wav", realtime=True)


class FakeDevice:
    """An open device of 48 kHz; `say` is what PortAudio's thread would call."""

    sample_rate = 48_000

    def __init__(self) -> None:
        self.say: Callable[[Samples, bool], None] = lambda _block, _lost: None
        self.closed = False

    def close(self) -> None:
        self.closed = True


async def test_a_microphone_is_resampled_framed_and_its_losses_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of 100 blocks that come at once 64 are kept: 36 overruns, and one that the sound system reports."""
    device = FakeDevice()

    def open_input(_device: object, heard: Callable[[Samples, bool], None]) -> FakeDevice:
        device.say = heard
        for _ in range(2):
            heard(np.full(1536, 0.25, np.float32), False)
        return device

    monkeypatch.setattr(source, "open_input", open_input)
    microphone = MicrophoneSource()
    frames: list[Samples] = []
    listening = asyncio.Event()

    async def listen() -> None:
        async for frame in microphone:
            frames.append(frame)
            listening.set()

    task = asyncio.create_task(listen())
    async with asyncio.timeout(10):
        await listening.wait()
        for number in range(100):
            device.say(np.full(1536, 0.25, np.float32), number == 50)
        await asyncio.sleep(0)  # the loop runs what the device's thread called
        await microphone.close()
        await microphone.close()
        await task
    assert microphone.overruns == 36 + 1
    assert len(frames) in {64, 65}  # 66 blocks of 512 at 16 kHz, less what the resampler still waits for
    assert frames[10] == pytest.approx(np.full(FRAME_SAMPLES, 0.25), abs=1e-3)
    assert device.closed


async def test_a_microphone_closed_while_it_is_being_opened_is_let_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The reader gets the end, the device does not stay open."""
    device = FakeDevice()
    microphone = MicrophoneSource()

    def open_input(_device: object, _heard: Callable[[Samples, bool], None]) -> FakeDevice:
        asyncio.run_coroutine_threadsafe(microphone.close(), loop).result(10)
        return device

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(source, "open_input", open_input)
    async with asyncio.timeout(10):
        assert [frame async for frame in microphone] == []
    assert device.closed


@pytest.mark.parametrize(
    ("module", "says"),
    [
        ("raise OSError('PortAudio library not found')", "the PortAudio library is missing"),
        ("raise ImportError('no', name='sounddevice')", "sounddevice is not installed"),
        (
            """
class PortAudioError(Exception): pass
def query_devices(*_): raise PortAudioError('Error querying device -1')
class OutputStream:
    def __init__(self, *_, **__): raise PortAudioError('Invalid device\\n[-1]')
""",
            "by default: ",
        ),
    ],
)
async def test_a_machine_without_sound_is_told_so_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, says: str
) -> None:
    """No library, no package, no device: for the microphone and for the loudspeaker."""
    (tmp_path / "sounddevice.py").write_text(module)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "sounddevice", raising=False)
    with pytest.raises(AudioInputError, match=says) as heard:
        await anext(aiter(MicrophoneSource()))
    sink = DeviceSink()
    with pytest.raises(SpeechError, match=says) as spoken:
        await sink.write(noise(24_000, 0.1))
    await sink.close()
    monkeypatch.delitem(__import__("sys").modules, "sounddevice", raising=False)
    assert "microphone" in str(heard.value)
    assert "loudspeaker" in str(spoken.value)
    assert "\n" not in str(heard.value) + str(spoken.value)


async def test_a_wav_sink_holds_every_piece_and_a_null_sink_counts_them(tmp_path: Path) -> None:
    """Closing twice is nothing; a piece of another rate is refused."""
    sink, nowhere = WavSink(tmp_path / "out.wav", 24_000), NullSink()
    piece = noise(24_000, 0.16)
    for _ in range(3):
        await sink.write(piece)
        await nowhere.write(piece)
    with pytest.raises(SpeechError, match="not 16000 Hz"):
        await sink.write(noise(16_000, 0.1))
    await sink.close()
    await sink.close()
    await nowhere.close()
    assert sink.duration_ms == nowhere.duration_ms == read_wav(sink.path).duration_ms == 480
