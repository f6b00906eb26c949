"""The sink that keeps: every event a line of a JSONL file."""

from __future__ import annotations

from pathlib import Path

from backend.jsonl_file import JsonlFile
from backend.tap.batch import Batch


class Recorder:
    """Records to ``.jsonl``, ``.jsonl.gz`` or ``.jsonl.zst``, by the path's suffix.

    A plain file gets each batch at once: `kill -9` costs at most the last flush of the
    tap, 5 ms of events. An error in writing removes the recorder from the tap, which
    says so; the program goes on.

    Raises:
        JsonlFileError: from the constructor: the file cannot be opened.
    """

    def __init__(self, path: str | Path, *, append: bool = False) -> None:
        self._file = JsonlFile(path, append=append)
        self.events = 0

    def write(self, batch: Batch) -> None:
        """Append a batch."""
        self._file.write(batch.jsonl)
        self.events += len(batch)

    def close(self) -> None:
        """Write what a compressed file holds back, and close it."""
        self._file.close()
