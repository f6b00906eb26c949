"""WAV files: read any linear or float PCM as mono blocks, write one that is valid at every moment."""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

import msgspec
import numpy as np

from backend.speech.protocol import AudioInputError, Pcm, Samples, SpeechError
from backend.speech.resample import Resampler

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_CODECS: Final = {2: "ADPCM", 6: "A-law", 7: "mu-law", 17: "IMA ADPCM", 85: "MP3"}
_TO_PCM = "convert it to 16-bit PCM WAV"
_RATES = range(1_000, 384_001)
_MAX_CHANNELS = 64
_UNKNOWN_LENGTH = 0xFFFFFFFF
_BLOCK_FRAMES = 16_384
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")


class WavInfo(msgspec.Struct, frozen=True):
    """What a header says, checked against the file: `frames` of `channels` samples are really there."""

    sample_rate: int
    channels: int
    bits: int
    is_float: bool
    frames: int
    data_offset: int

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame, all channels together."""
        return self.channels * self.bits // 8

    @property
    def duration_ms(self) -> float:
        """How long the file plays, in milliseconds."""
        return self.frames * 1000 / self.sample_rate


def inspect_wav(path: Path) -> WavInfo:
    """Read and check the header. Raises AudioInputError, one line, for anything that cannot be played."""
    try:
        if path.is_dir():
            raise AudioInputError(f"{path} is a directory", "name a WAV file")
        if path.exists() and not path.is_file():
            raise AudioInputError(f"{path} is no regular file", "name a WAV file")
        size = path.stat().st_size
        with path.open("rb") as file:
            return _header(path, file, size)
    except FileNotFoundError:
        raise AudioInputError(f"{path} does not exist", "name a WAV file") from None
    except ValueError:  # a NUL in it
        raise AudioInputError(f"{str(path)!r} is no file name", "name a WAV file") from None
    except OSError as error:
        raise AudioInputError(f"{path} cannot be read: {error.strerror or error}") from None


def read_blocks(path: Path, sample_rate: int | None = None) -> Iterator[Samples]:
    """Stream a file as mono float32, at its own rate or resampled, in blocks of bounded size.

    Channels are averaged. The header is checked before the first block; errors as for `inspect_wav`.
    """
    info = inspect_wav(path)
    resampler = Resampler(info.sample_rate, sample_rate or info.sample_rate)
    left = info.frames
    try:
        with path.open("rb") as file:
            file.seek(info.data_offset)
            while left:
                data = file.read(min(left, _BLOCK_FRAMES) * info.frame_bytes)
                frames = len(data) // info.frame_bytes
                if not frames:
                    raise AudioInputError(f"{path} became shorter while it was read")
                left -= frames
                block = resampler.push(_mono(data[: frames * info.frame_bytes], info))
                if len(block):
                    yield block
    except OSError as error:
        raise AudioInputError(f"{path} cannot be read: {error.strerror or error}") from None
    rest = resampler.flush()
    if len(rest):
        yield rest


def read_wav(path: Path, sample_rate: int | None = None) -> Pcm:
    """A whole file as mono float32, at its own rate or resampled. Errors as for `inspect_wav`."""
    rate = sample_rate or inspect_wav(path).sample_rate
    return Pcm(np.concatenate(list(read_blocks(path, rate))), rate)


def write_wav(path: Path, pcm: Pcm) -> None:
    """Write a mono 16-bit WAV file, replacing what was there."""
    with WavWriter(path, pcm.sample_rate) as writer:
        writer.write(pcm)


class WavWriter:
    """A mono 16-bit WAV file that grows. After each `write` the file is whole: killed then, it still plays.

    Safe to close from one thread while another writes. Raises SpeechError where the file cannot be written.
    """

    def __init__(self, path: Path, sample_rate: int) -> None:
        self.path = path
        self.sample_rate = sample_rate
        self._bytes = 0
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Unbuffered: what was written must be in the file when the process is killed.
            self._file = path.open("wb", buffering=0)
        except OSError as error:
            raise SpeechError(
                f"cannot write {path}: {error.strerror or error}", "name another file"
            ) from None
        self._file.write(self._header())

    @property
    def duration_ms(self) -> float:
        """How much audio is in the file, in milliseconds."""
        return self._bytes // 2 * 1000 / self.sample_rate

    def write(self, pcm: Pcm) -> None:
        """Append samples of the file's own rate; another rate raises SpeechError."""
        if pcm.sample_rate != self.sample_rate:
            raise SpeechError(f"{self.path} holds {self.sample_rate} Hz audio, not {pcm.sample_rate} Hz")
        data = pcm.to_int16_bytes()
        with self._lock:
            if self._file.closed:
                raise SpeechError(f"{self.path} is closed already")
            if self._bytes + len(data) + _HEADER.size > _UNKNOWN_LENGTH:
                raise SpeechError(f"{self.path} is full: a WAV file holds 4 GiB", "begin another file")
            try:
                self._file.write(data)
                self._bytes += len(data)
                os.pwrite(self._file.fileno(), self._header(), 0)
            except OSError as error:
                raise SpeechError(f"cannot write {self.path}: {error.strerror or error}") from None

    def close(self) -> None:
        """Close the file. A second call does nothing."""
        with self._lock:
            self._file.close()

    def _header(self) -> bytes:
        riff, rate = self._bytes + _HEADER.size - 8, self.sample_rate
        return _HEADER.pack(
            b"RIFF", riff, b"WAVE", b"fmt ", 16, _PCM, 1, rate, rate * 2, 2, 16, b"data", self._bytes
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _header(path: Path, file: BinaryIO, size: int) -> WavInfo:
    head = file.read(12)
    if not head:
        raise AudioInputError(f"{path} is empty", "name a WAV file with audio in it")
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        raise AudioInputError(f"{path} is not a WAV file", _TO_PCM)
    fmt: WavInfo | None = None
    while len(chunk := file.read(_CHUNK.size)) == _CHUNK.size:
        name, length = _CHUNK.unpack(chunk)
        if name == b"fmt ":
            fmt = _format(path, file.read(min(length, 64)))
            file.seek(length - min(length, 64) + length % 2, os.SEEK_CUR)
        elif name == b"data":
            if fmt is None:
                raise AudioInputError(f"{path} has its audio before its format", _TO_PCM)
            return _with_data(path, fmt, length, file.tell(), size)
        else:
            file.seek(length + length % 2, os.SEEK_CUR)
    raise AudioInputError(f"{path} is cut off before its audio", "get the whole file")


def _format(path: Path, body: bytes) -> WavInfo:
    if len(body) < _FORMAT.size:
        raise AudioInputError(f"{path} is cut off in its header", "get the whole file")
    code, channels, rate, _, align, bits = _FORMAT.unpack_from(body)
    if code == _EXTENSIBLE and len(body) >= 26:  # noqa: PLR2004  -- the GUID at 24 begins with the real code
        (code,) = struct.unpack_from("<H", body, 24)
    if (code, bits) not in {(_PCM, 8), (_PCM, 16), (_PCM, 24), (_PCM, 32), (_FLOAT, 32), (_FLOAT, 64)}:
        raise AudioInputError(f"{path} holds {_CODECS.get(code, f'format {code}')} at {bits} bits", _TO_PCM)
    if not 1 <= channels <= _MAX_CHANNELS or align != channels * bits // 8 or rate not in _RATES:
        raise AudioInputError(f"{path} has an impossible header: {channels} channels at {rate} Hz", _TO_PCM)
    return WavInfo(rate, channels, bits, code == _FLOAT, 0, 0)


def _with_data(path: Path, fmt: WavInfo, length: int, offset: int, size: int) -> WavInfo:
    present = size - offset
    # A program that streams into a pipe cannot know the length: it leaves 0 or all ones.
    if length == _UNKNOWN_LENGTH or (length == 0 and present > 0):
        length = present
    if length > present:
        there, said = (n / fmt.frame_bytes / fmt.sample_rate for n in (present, length))
        raise AudioInputError(
            f"{path} is cut off: {there:.1f} s of {said:.1f} s are there", "get the whole file"
        )
    frames = length // fmt.frame_bytes
    if not frames:
        raise AudioInputError(f"{path} holds no audio", "name a WAV file with audio in it")
    return msgspec.structs.replace(fmt, frames=frames, data_offset=offset)


def _mono(data: bytes, info: WavInfo) -> Samples:
    samples = _samples(data, info).reshape(-1, info.channels)
    mono: Samples = samples.mean(axis=1, dtype=np.float32)
    return mono


def _samples(data: bytes, info: WavInfo) -> Samples:
    scale = np.float32(2.0 ** (1 - info.bits))
    if info.is_float:
        raw = np.frombuffer(data, np.float32 if info.bits == 32 else np.float64)  # noqa: PLR2004  -- a depth in bits
        floats: Samples = np.clip(np.nan_to_num(raw, posinf=1.0, neginf=-1.0), -1.0, 1.0).astype(np.float32)
        return floats
    if info.bits == 8:  # noqa: PLR2004  -- the one depth that is unsigned
        return (np.frombuffer(data, np.uint8).astype(np.float32) - 128) * scale
    if info.bits == 24:  # noqa: PLR2004  -- numpy has no such type: make it the upper three bytes of 32
        wide = np.zeros((len(data) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        return wide.view(np.int32)[:, 0].astype(np.float32) * np.float32(2.0**-31)
    integers = np.frombuffer(data, np.int16 if info.bits == 16 else np.int32)  # noqa: PLR2004  -- a depth in bits
    samples: Samples = integers.astype(np.float32) * scale
    return samples
