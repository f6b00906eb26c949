"""What is said of recordings when they were read: lines that were skipped, files that are damaged."""

from __future__ import annotations

from collections.abc import Iterator

from debugger.log import LogStats
from debugger.sources.file import FileSource

NO_EVENTS = "none of the lines is an event; is this a recording?"
"""Of one that has lines all the same."""


def told_of(stats: LogStats, source: FileSource) -> Iterator[str]:
    """A line each; broken lines that the log did not keep are counted."""
    for broken in (*stats.broken, *stats.torn):
        where = f"{broken.path}:{broken.line}" if broken.path else f"line {broken.line}"
        yield f"{where}: {broken.reason}"
    more = stats.broken_count - len(stats.broken) - len(stats.torn)
    if more > 0:
        yield f"and {more:,} more broken lines"
    yield from source.notices
