"""Checking again whenever a recording, or a file of rules, is another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

_LOOK_SECONDS = 0.5

State = dict[str, tuple[int, int, int]]


def changes(paths: Callable[[], Iterable[str]]) -> Iterator[None]:
    """Once at first, then after each change; without end. Files that come and go are changes too.

    So are those that become others while the caller is at work on the last change.
    """
    before = _state(paths())
    yield
    while True:
        time.sleep(_LOOK_SECONDS)
        now = _state(paths())
        if now != before:
            before = now
            yield


def _state(paths: Iterable[str]) -> State:
    found: State = {}
    for path in paths:
        try:
            stat = Path(path).stat()
        except OSError:
            continue
        found[path] = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
    return found
