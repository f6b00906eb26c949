"""Recordings into a log: one streams in, several are merged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from backend.events import BrokenLineError, Event, decode_line
from debugger.log.eventlog import EventLog
from debugger.log.stores import Store
from debugger.sources.merge import Keys, merged
from debugger.sources.recording import Recording, SourceError
from debugger.sources.store import is_ranged, opened_range

_MERGED_AT_ONCE: Final = 4096
_WINDOW: Final = 1 << 20


class Progress(NamedTuple):
    """How far loading is. ``total_bytes`` is None where a pipe is among the files.

    While several files are looked through, before they are merged, ``events`` does not grow.
    """

    done_bytes: int
    total_bytes: int | None
    events: int


OnProgress = Callable[[Progress], None]
ShouldStop = Callable[[], bool]


class FileSource:
    """Open recordings, to be loaded into one log. Made by `open_recordings`.

    With `in_turn` they follow upon each other, and are read so; else they are merged. ``named`` is what
    they are all together, where that is not their own paths.
    """

    def __init__(
        self,
        recordings: Sequence[Recording],
        *,
        in_turn: bool = False,
        named: Sequence[str] = (),
        notices: Sequence[str] = (),
    ) -> None:
        self._recordings = tuple(recordings)
        self._in_turn = in_turn or len(self._recordings) == 1
        self._named = tuple(named)
        self._notices = tuple(notices)
        self._log: EventLog | None = None
        self._numbers: list[int] = []
        self._told_broken = [0] * len(self._recordings)

    @property
    def paths(self) -> tuple[str, ...]:
        """What is read, as it was named."""
        return self._named or tuple(one.path for one in self._recordings)

    @property
    def follows(self) -> bool:
        """Whether a pipe is among them, so that `load` ends only when its writer does."""
        return any(one.follows for one in self._recordings)

    @property
    def notices(self) -> tuple[str, ...]:
        """What is to be said about files that were damaged, torn or empty: a line each."""
        own = (notice for one in self._recordings if (notice := one.notice) is not None)
        return (*self._notices, *own)

    @property
    def damage(self) -> tuple[str, ...]:
        """What is wrong with compressed files: a line each, among the `notices`."""
        return tuple(damage for one in self._recordings if (damage := one.damage) is not None)

    @property
    def changes(self) -> tuple[str, ...]:
        """What became of files while they were open, other than growth: a line each, among the `notices`."""
        return tuple(changed for one in self._recordings if (changed := one.changed) is not None)

    def prepare(self) -> None:
        """Begin to read, if a single long file: while the interface is still being loaded, say."""
        if len(self._recordings) == 1:
            self._recordings[0].prepare()

    def load(
        self,
        log: EventLog,
        on_progress: OnProgress | None = None,
        should_stop: ShouldStop | None = None,
    ) -> Iterator[Progress]:
        """Load in steps: each step of the generator reads about a megabyte; the first is shorter.

        Stops early, for good, when `should_stop` says so. Broken lines are counted in the log.

        Raises:
            SourceError: reading fails; what came before stays in the log.
        """
        self._register(log)
        for _ in self._steps(log):
            progress = self._progress(log)
            if on_progress is not None:
                on_progress(progress)
            yield progress
            if should_stop is not None and should_stop():
                return

    def load_all(self, log: EventLog) -> None:
        """Load everything, in one go."""
        for _ in self.load(log):
            pass

    def poll(self, log: EventLog) -> int:
        """Load what was written to the files since; returns how many events that is.

        Only whole lines are taken; a torn one waits for its end. Pipes are left alone.

        Raises:
            SourceError: reading fails.
        """
        self._register(log)
        before = len(log)
        for _ in self._steps(log, polling=True):
            pass
        return len(log) - before

    def close(self) -> None:
        """Stop reading; the log can still show what was loaded."""
        for one in self._recordings:
            one.close()

    # --- steps -------------------------------------------------------------------

    def _register(self, log: EventLog) -> None:
        if self._log is None:
            self._log = log
            self._numbers = [log.add_store(one.store) for one in self._recordings]
        elif self._log is not log:
            raise ValueError("a FileSource loads into one log; open the files again for another")

    def _steps(self, log: EventLog, *, polling: bool = False) -> Iterator[None]:
        sources = [
            (place, one) for place, one in enumerate(self._recordings) if not (polling and one.follows)
        ]
        if self._in_turn:
            for place, recording in sources:
                for placed in recording.packs():
                    if placed.pack is not None:
                        log.extend_packed(placed.pack, self._numbers[place], placed.offsets, placed.lengths)
                    self._tell(log, place)
                    yield
                self._tell(log, place)
            return
        yield from self._merge(log, sources)

    def _merge(self, log: EventLog, sources: list[tuple[int, Recording]]) -> Iterator[None]:
        """Look through all files, then load them in the order of all their events."""
        keys: list[Keys] = []
        windows: list[_Lines] = []
        for place, recording in sources:
            lines, key = _Lines(recording.store), Keys()
            for batch in recording.batches():
                lines.offsets += batch.offsets.tolist()
                lines.lengths += batch.lengths.tolist()
                key.add(batch.events)
                self._tell(log, place)
                yield
            self._tell(log, place)
            keys.append(key)
            windows.append(lines)
        numbers = [self._numbers[place] for place, _ in sources]
        order = merged(keys)
        for start in range(0, len(order), _MERGED_AT_ONCE):
            events: list[Event] = []
            stores: list[int] = []
            offsets: list[int] = []
            lengths: list[int] = []
            for file in order[start : start + _MERGED_AT_ONCE]:
                offset, length, event = windows[file].take()
                if event is not None:
                    events.append(event)
                    stores.append(numbers[file])
                    offsets.append(offset)
                    lengths.append(length)
            log.extend(events, stores, offsets, lengths)
            yield

    def _tell(self, log: EventLog, place: int) -> None:
        """Broken lines that are new, and whether the file ends in a torn one."""
        recording = self._recordings[place]
        for line in recording.take_broken():
            log.add_broken(line)
        log.set_torn(recording.path, recording.torn)

    def _progress(self, log: EventLog) -> Progress:
        sizes = [one.size for one in self._recordings]
        total = None if None in sizes else sum(size or 0 for size in sizes)
        return Progress(sum(one.bytes_read for one in self._recordings), total, len(log))


class _Lines:
    """The lines of one file, taken again one after the other."""

    def __init__(self, store: Store) -> None:
        self.offsets: list[int] = []
        self.lengths: list[int] = []
        self._store = store
        self._next = 0
        self._window = b""
        self._window_start = 0

    def take(self) -> tuple[int, int, Event | None]:
        """The next line's place, and its event; None if the file was changed meanwhile."""
        offset, length = self.offsets[self._next], self.lengths[self._next]
        self._next += 1
        begin = offset - self._window_start
        if begin < 0 or begin + length > len(self._window):
            self._window = self._store.read(offset, max(_WINDOW, length))
            self._window_start, begin = offset, 0
        try:
            return offset, length, decode_line(self._window[begin : begin + length])
        except BrokenLineError:
            return offset, length, None


def open_recordings(paths: Sequence[str | Path]) -> FileSource:
    """Open recordings: ``.jsonl``, ``.gz``, ``.zst``, ``-`` for standard input; stores, time ranges of them.

    Raises:
        SourceError: one line for each that cannot be opened.
    """
    opened: list[Recording] = []
    problems: list[str] = []
    notices: list[str] = []
    named: list[str] = []
    for path in map(str, paths):
        try:
            if is_ranged(path):
                found = opened_range(path)
                opened += found.recordings
                notices += found.notices
                named.append(found.name)
            else:
                opened.append(Recording(path))
                named.append(path)
        except SourceError as error:
            problems += error.problems
    if not paths:
        problems.append("no recording named")
    if problems:
        for one in opened:
            one.close()
        raise SourceError(*problems)
    return FileSource(opened, in_turn=len(paths) == 1, named=named, notices=notices)
