"""The text of segments, plain or packed, to events."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, Any, Final

from backend.events import BrokenLineError, Event, decode_line, decode_lines
from backend.store.errors import StoreError, told

_CHUNK: Final = 4 << 20


def text_of(path: Path, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """Whole lines from `start` to `end`, some megabytes at a time; what is torn at the end is left out.

    Raises:
        StoreError: it cannot be read, or is damaged.
    """
    at, rest = start, b""
    try:
        with closing(_opened(path, start)) as file:
            while end is None or at < end:
                found = file.read(_CHUNK if end is None else min(_CHUNK, end - at))
                if not found:
                    return
                at += len(found)
                rest += found
                cut = rest.rfind(b"\n") + 1
                if cut:
                    yield rest[:cut]
                    rest = rest[cut:]
    except OSError as error:
        raise told(error, "read", path) from None
    except Exception as error:  # zstandard's own, which is not imported here
        if type(error).__name__ != "ZstdError":
            raise
        raise StoreError(f"{path} is damaged ({error}): restore it from a copy") from None


def _opened(path: Path, start: int) -> IO[bytes]:
    if path.name.endswith(".zst"):
        import zstandard  # noqa: PLC0415 - only for what is compacted

        packed: Any = zstandard.ZstdDecompressor().stream_reader(
            path.open("rb"), read_across_frames=True, closefd=True
        )
        left = start
        while left and (skipped := packed.read(min(left, _CHUNK))):
            left -= len(skipped)
        return packed  # type: ignore[no-any-return] # a reader as good as a file
    file = path.open("rb")
    file.seek(start)
    return file


def lines_of(path: Path, start: int = 0, end: int | None = None) -> Iterator[tuple[list[Event], int]]:
    """Events of a text, some thousands at a time, and where the last one's line ends.

    Lines that are none are passed over: a writer stores only events.
    """
    at = start
    for text in text_of(path, start, end):
        lines = text[:-1].split(b"\n")
        events = decode_lines(lines)
        if events is None:
            events = list(_good(lines))
        at += len(text)
        if events:
            yield events, at


def _good(lines: list[bytes]) -> Iterator[Event]:
    for line in lines:
        try:
            yield decode_line(line)
        except BrokenLineError:
            continue
