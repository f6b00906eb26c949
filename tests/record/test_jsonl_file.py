"""Files of recordings: whole lines, whatever happens to the writer."""

from __future__ import annotations

import gzip
import io
import os
import resource
from pathlib import Path

import pytest
import zstandard

from backend.jsonl_file import BLOCK, JsonlFile

LINES = [b'{"n":%d,"text":"%s"}\n' % (number, os.urandom(30).hex().encode()) for number in range(5000)]
SUFFIXES = (".jsonl", ".jsonl.gz", ".jsonl.zst")


def text_of(path: Path) -> bytes:
    """What any reader of the format gets; a torn last block is left out."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        with gzip.open(io.BytesIO(content)) as file:
            return file.read()
    if path.suffix == ".zst":
        return zstandard.ZstdDecompressor().stream_reader(content, read_across_frames=True).read()
    return content


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_written_is_read_back_and_gone_on_with(tmp_path: Path, suffix: str) -> None:
    """Byte for byte, over two writers; any reader of the format reads it."""
    path = tmp_path / f"a{suffix}"
    with JsonlFile(path) as file:
        for line in LINES[:3000]:
            file.write(line)
    with JsonlFile(path, append=True) as file:
        file.write(b"".join(LINES[3000:]))
    assert text_of(path) == b"".join(LINES)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_was_flushed_is_complete_without_a_close(tmp_path: Path, suffix: str) -> None:
    """As after a kill: a plain file lacks nothing, a compressed one what came after the flush."""
    path = tmp_path / f"a{suffix}"
    file = JsonlFile(path)
    file.write(LINES[0])
    file.flush()
    file.write(LINES[1])
    expected = LINES[:2] if suffix == ".jsonl" else LINES[:1]
    assert text_of(path) == b"".join(expected)
    rest = b"".join(LINES[2:])
    assert len(rest) > BLOCK
    file.write(rest)  # a full block goes out by itself
    assert text_of(path) == b"".join(LINES)
    file.close()
    file.close()


def test_a_torn_line_does_not_swallow_the_next_one(tmp_path: Path) -> None:
    """Appending after a killed writer begins on a new line."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(LINES[0] + b'{"torn')
    with JsonlFile(path, append=True) as file:
        file.write(LINES[1])
    assert path.read_bytes() == LINES[0] + b'{"torn\n' + LINES[1]


@pytest.mark.parametrize("suffix", SUFFIXES[1:])
def test_a_torn_block_is_refused_and_left_alone(tmp_path: Path, suffix: str) -> None:
    """What stands after a torn block cannot be read: say so before writing it."""
    path = tmp_path / f"a{suffix}"
    with JsonlFile(path) as file:
        file.write(b"".join(LINES))
    torn = path.read_bytes()[:-5]
    path.write_bytes(torn)
    with pytest.raises(OSError, match="torn block"):
        JsonlFile(path, append=True)
    path.write_bytes(b"no such format at all")
    with pytest.raises(OSError, match="is damaged"):
        JsonlFile(path, append=True)


def test_files_that_cannot_be_opened_are_told_in_one_line(tmp_path: Path) -> None:
    """Existing, a folder, no folder."""
    path = tmp_path / "a.jsonl"
    path.touch()
    with pytest.raises(FileExistsError):
        JsonlFile(path, exclusive=True)
    with pytest.raises(OSError, match=r"cannot write .*: Is a directory"):
        JsonlFile(tmp_path)
    with pytest.raises(OSError, match=r"cannot write .*: No such file or directory"):
        JsonlFile(tmp_path / "none" / "a.jsonl")


def test_a_full_disk_leaves_whole_lines(tmp_path: Path) -> None:
    """A write that fails half way is taken back, so that no torn line stays behind."""
    path = tmp_path / "a.jsonl"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    file = JsonlFile(path)
    file.write(b"".join(LINES[:10]))
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(b"".join(LINES[:10])) + 20, hard))
        with pytest.raises(OSError, match=r"cannot write .*a\.jsonl: File too large"):
            file.write(LINES[10])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    file.close()
    assert path.read_bytes() == b"".join(LINES[:10])
