"""What one client gets of lines: chosen by its filter, in its dialect and format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from backend.wire.dialects import project_line
from backend.wire.frames import Subscribe
from backend.wire.selection import ANY_TIME, Times, selector


class Shaping:
    """Of one wish, and times as `selector` has them. ``plain``: lines are sent as they are, all of them."""

    def __init__(self, wanted: Subscribe, times: Times = ANY_TIME) -> None:
        self._wanted = wanted
        self._select = selector(wanted, times)
        self._types = None if wanted.types is None else frozenset(wanted.types)
        self._as_it_is = wanted.dialect == "native" and wanted.format == "json"
        self.plain = self._select is None and self._as_it_is

    def chosen(self, lines: list[bytes]) -> Iterator[tuple[int, bytes]]:
        """What is left of lines, encoded, each with its index."""
        for index in range(len(lines)) if self._select is None else self._select(lines):
            shaped = lines[index] if self._as_it_is else self._shape(lines[index])
            if shaped is not None:
                yield index, shaped

    def _shape(self, line: bytes) -> bytes | None:
        wanted = self._wanted
        value: Any
        if wanted.dialect == "native":
            value = msgspec.json.decode(line)
        else:
            value = project_line(line, wanted.dialect, self._types)
            if value is None:
                return None
        return msgspec.json.encode(value) if wanted.format == "json" else msgspec.msgpack.encode(value)
