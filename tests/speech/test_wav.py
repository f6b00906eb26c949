"""WAV files: PCM of any kind is heard right, anything else is refused in a line, what is written lasts."""

from __future__ import annotations

import contextlib
import signal
import struct
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.speech import AudioInputError, Pcm, SpeechError, WavWriter, inspect_wav, read_wav, write_wav

Floats = npt.NDArray[np.float64]


def tone(hz: float, rate: int, seconds: float = 0.5) -> Floats:
    return 0.5 * np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate)


def encoded(samples: Floats, kind: str) -> tuple[int, int, bytes]:
    """(format code, bits, data) of samples."""
    if kind == "u8":
        return 1, 8, np.rint(samples * 127 + 128).astype(np.uint8).tobytes()
    if kind in {"f32", "f64"}:
        return 3, int(kind[1:]), samples.astype(f"<f{int(kind[1:]) // 8}").tobytes()
    bits = int(kind[1:])
    whole = np.rint(samples * (2 ** (bits - 1) - 1)).astype("<i4")
    wide = whole.view(np.uint8).reshape(-1, 4)
    return 1, bits, wide[:, : bits // 8].tobytes()


def riff(code: int, channels: int, rate: int, bits: int, data: bytes, *, before: bytes = b"") -> bytes:
    align = channels * bits // 8
    fmt = struct.pack("<HHIIHH", code, channels, rate, rate * align, align, bits)
    if code == 0xFFFE:
        raise AssertionError("use extensible()")
    return _file(fmt, data, before)


def extensible(channels: int, rate: int, bits: int, data: bytes) -> bytes:
    align = channels * bits // 8
    guid = struct.pack("<H", 1) + bytes.fromhex("000000001000800000aa00389b71")
    fmt = struct.pack("<HHIIHH", 0xFFFE, channels, rate, rate * align, align, bits)
    return _file(fmt + struct.pack("<HHI", 22, bits, 3) + guid, data, b"")


def _file(fmt: bytes, data: bytes, before: bytes) -> bytes:
    body = b"WAVE" + b"fmt " + struct.pack("<I", len(fmt)) + fmt + before
    body += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def loudest_hz(pcm: Pcm) -> float:
    spectrum = np.abs(np.fft.rfft(pcm.samples * np.hanning(len(pcm.samples))))
    return float(spectrum.argmax() * pcm.sample_rate / len(pcm.samples))


@pytest.mark.parametrize("kind", ["u8", "i16", "i24", "i32", "f32", "f64"])
@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (44_100, 2), (48_000, 2), (16_000, 6)])
def test_every_width_rate_and_channel_count_is_heard_as_the_same_tone(
    tmp_path: Path, kind: str, rate: int, channels: int
) -> None:
    """A 440 Hz tone at half scale comes out at 16 kHz, mono, as just that."""
    code, bits, data = encoded(np.repeat(tone(440, rate), channels), kind)
    path = tmp_path / "tone.wav"
    path.write_bytes(riff(code, channels, rate, bits, data))
    pcm = read_wav(path, 16_000)
    assert pcm.sample_rate == 16_000
    assert pcm.duration_ms == pytest.approx(500, abs=1)
    assert loudest_hz(pcm) == pytest.approx(440, abs=2)
    middle = pcm.samples[1000:-1000]
    assert np.sqrt(2 * np.square(middle).mean()) == pytest.approx(0.5, rel=0.02)


def test_extensible_24_bit_stereo_is_averaged_to_mono(tmp_path: Path) -> None:
    """The left channel alone carries the tone: mono has half of it."""
    left = tone(300, 48_000)
    both = np.stack([left, np.zeros_like(left)], axis=1).reshape(-1)
    path = tmp_path / "ext.wav"
    path.write_bytes(extensible(2, 48_000, 24, encoded(both, "i24")[2]))
    pcm = read_wav(path)
    assert (pcm.sample_rate, inspect_wav(path).channels) == (48_000, 2)
    assert np.abs(pcm.samples).max() == pytest.approx(0.25, rel=0.01)


def test_other_chunks_are_stepped_over_with_their_padding(tmp_path: Path) -> None:
    """A LIST chunk of odd length between format and audio is nothing to us."""
    path = tmp_path / "list.wav"
    path.write_bytes(riff(1, 1, 16_000, 16, b"\1\0" * 800, before=b"LIST" + struct.pack("<I", 3) + b"abc\0"))
    assert inspect_wav(path).frames == 800


def test_a_stream_of_unknown_length_is_read_to_its_end(tmp_path: Path) -> None:
    """Programs that write WAV into a pipe leave all ones where the length would be."""
    data = riff(1, 1, 16_000, 16, b"\1\0" * 800)
    path = tmp_path / "pipe.wav"
    path.write_bytes(data[:40] + b"\xff\xff\xff\xff" + data[44:])
    assert inspect_wav(path).frames == 800


def test_values_that_are_no_numbers_become_silence_or_full_scale(tmp_path: Path) -> None:
    """A float file may hold anything; what comes out is finite and within -1..1."""
    data = np.array([np.nan, np.inf, -np.inf, 7.5, 0.25], "<f4").tobytes()
    path = tmp_path / "wild.wav"
    path.write_bytes(riff(3, 1, 16_000, 32, data))
    assert read_wav(path).samples.tolist() == [0.0, 1.0, -1.0, 1.0, 0.25]


GOOD = riff(1, 1, 16_000, 16, b"\1\0" * 16_000)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"hello, this is no audio at all", "is not a WAV file"),
        (b"RIFF\x00\x00", "is not a WAV file"),
        (GOOD[:16], "is cut off before its audio"),
        (GOOD[:30], "is cut off in its header"),
        (GOOD[:40], "is cut off before its audio"),
        (GOOD[:-16_000], "is cut off: 0.5 s of 1.0 s are there"),
        (riff(1, 1, 16_000, 16, b""), "holds no audio"),
        (riff(85, 2, 44_100, 16, b"\0" * 64), "holds MP3"),
        (riff(1, 1, 16_000, 12, b"\0" * 64), "holds format 1 at 12 bits"),
        (riff(1, 0, 16_000, 16, b"\0" * 64), "has an impossible header"),
        (riff(1, 1, 0, 16, b"\0" * 64), "has an impossible header"),
        (GOOD[:12] + GOOD[36:], "has its audio before its format"),
    ],
)
def test_what_cannot_be_played_is_refused_in_one_line_that_names_the_file(
    tmp_path: Path, content: bytes, says: str
) -> None:
    """Not a WAV, empty, cut off anywhere, or a codec we have not."""
    path = tmp_path / "bad.wav"
    path.write_bytes(content)
    with pytest.raises(AudioInputError) as caught:
        read_wav(path)
    assert f"{path} {says}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_a_directory_and_a_device_are_refused(tmp_path: Path) -> None:
    """None of them blocks, none of them is a traceback."""
    for path, says in (
        (tmp_path / "no.wav", "does not exist"),
        (tmp_path, "is a directory"),
        (Path("/dev/zero"), "no regular file"),
        (tmp_path / "\0", "no file name"),
    ):
        with pytest.raises(AudioInputError, match=says):
            inspect_wav(path)


@given(st.binary(max_size=120), st.integers(0, 60))
def test_any_bytes_are_either_audio_or_refused(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, keep: int
) -> None:
    """Whatever follows a beginning of a good header, no other error comes out."""
    path = tmp_path_factory.getbasetemp() / "fuzz.wav"
    path.write_bytes(GOOD[:keep] + noise)
    with contextlib.suppress(AudioInputError):
        assert np.isfinite(read_wav(path).samples).all()


@given(st.binary(max_size=400).filter(lambda data: len(data) % 2 == 0))
def test_16_bit_bytes_survive_the_way_through_floats(data: bytes) -> None:
    """Reading and writing 16-bit PCM loses no bit."""
    assert Pcm.from_int16_bytes(data, 16_000).to_int16_bytes() == data


def test_samples_beyond_full_scale_are_clipped_and_odd_bytes_refused() -> None:
    """A wrapped sample would be a bang."""
    assert Pcm(np.array([2.0, -2.0], np.float32), 8_000).to_int16_bytes() == b"\xff\x7f\x00\x80"
    with pytest.raises(AudioInputError, match="3 bytes"):
        Pcm.from_int16_bytes(b"abc", 16_000)


def test_a_growing_file_is_whole_after_every_write(tmp_path: Path) -> None:
    """Another reader, the standard library's, agrees on the length each time."""
    path = tmp_path / "deep" / "grow.wav"
    with WavWriter(path, 24_000) as writer:
        for count in range(4):
            with wave.open(str(path)) as reader:
                assert (reader.getframerate(), reader.getnframes()) == (24_000, 240 * count)
            writer.write(Pcm(np.full(240, 0.5, np.float32), 24_000))
        assert writer.duration_ms == 40
    assert read_wav(path).samples.tolist() == [0.5] * 960


def test_a_killed_program_leaves_a_file_with_all_it_wrote(tmp_path: Path) -> None:
    """SIGKILL in the middle of a recording: nothing was left in a buffer."""
    path = tmp_path / "killed.wav"
    program = (
        "import sys, numpy as np\n"
        "from pathlib import Path\n"
        "from backend.speech import Pcm, WavWriter\n"
        "writer = WavWriter(Path(sys.argv[1]), 24000)\n"
        "for _ in range(10): writer.write(Pcm(np.zeros(2400, np.float32), 24000))\n"
        "print('written', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"written\n"
        child.send_signal(signal.SIGKILL)
    assert inspect_wav(path).duration_ms == 1000


def test_a_file_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """A directory in its place, another rate, a closed file."""
    with pytest.raises(SpeechError, match="cannot write"):
        write_wav(tmp_path, Pcm(np.zeros(10, np.float32), 16_000))
    writer = WavWriter(tmp_path / "a.wav", 16_000)
    with pytest.raises(SpeechError, match="16000 Hz audio, not 8000 Hz"):
        writer.write(Pcm(np.zeros(10, np.float32), 8_000))
    writer.close()
    writer.close()
    with pytest.raises(SpeechError, match="closed"):
        writer.write(Pcm(np.zeros(10, np.float32), 16_000))
