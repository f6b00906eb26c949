"""The sink that keeps: every event a line of a JSONL file."""

from __future__ import annotations

import time
from pathlib import Path

from backend.jsonl_file import JsonlFile
from backend.tap.batch import Batch

# Compressed files want large blocks, but what happens slowly must not wait for one to fill.
_FLUSH_SECONDS = 1.0


class Recorder:
    """Records to ``.jsonl``, ``.jsonl.gz`` or ``.jsonl.zst``, by the path's suffix.

    A plain file gets each batch at once: `kill -9` costs at most the last flush of the
    tap, 2 ms of events. A compressed one holds back up to a block (`jsonl_file.BLOCK`),
    and for a second while events come. An error in writing removes the recorder from the
    tap, which says so; the program goes on. An existing file is replaced, gone on with
    (``append``) or refused (``exclusive``).

    Raises:
        JsonlFileError: from the constructor: the file cannot be opened.
    """

    def __init__(self, path: str | Path, *, append: bool = False, exclusive: bool = False) -> None:
        self._file = JsonlFile(path, append=append, exclusive=exclusive)
        self._flushed = time.monotonic()
        self.events = 0

    def write(self, batch: Batch) -> None:
        """Append a batch."""
        self._file.write(batch.jsonl)
        self.events += len(batch)
        now = time.monotonic()
        if now - self._flushed >= _FLUSH_SECONDS:
            self._flushed = now
            self._file.flush()

    def close(self) -> None:
        """Write what a compressed file holds back, and close it."""
        self._file.close()
