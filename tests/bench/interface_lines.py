"""Lines of JSON of which only the numbers change from one telling of a story to the next."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

SOURCE: Final = "bench"
TELLING_NS: Final = 1_000_000_000
"""Recorded time of one telling: some 50,000 events in a second."""

_FIRST_TASK, _FIRST_SESSION = 100_000_000, 100_000
_CHANGING: Final = re.compile(
    rb"""
      "timestamp":(?P<seconds>[0-9.eE+]+)
    | "(?P<clock>timestamp_ns|mono_ns)":(?P<ns>[0-9]+)
    | "seq":(?P<seq>[0-9]+)
    | (?P<source>assistant-[0-9a-f]{8})(?:-(?P<id>[0-9]+)|/(?P<kind>[ht])(?P<task>[0-9]+))?
    | (?<![A-Za-z0-9])s(?P<session>[0-9]+)(?![A-Za-z0-9])
    | (?P<percent>%)
    """,
    re.VERBOSE,
)


class Steps(NamedTuple):
    """By how much each of these goes on from one telling to the next."""

    seq: int
    task: int
    session: int


class Template:
    """A text of the first telling; ``%`` gives it as of another."""

    def __init__(self, text: bytes, steps: Steps) -> None:
        self._steps = steps
        self.numbers: list[tuple[int, int]] = []
        """Each number that changes, as of the first telling, and its step."""
        self.format = _CHANGING.sub(self._found, text)

    def _found(self, match: re.Match[bytes]) -> bytes:
        """What stands for something that changes; remembers its number."""
        found = {name: text for name, text in match.groupdict().items() if text is not None}
        if "percent" in found:
            return b"%%"
        if "source" in found and len(found) == 1:
            return SOURCE.encode()
        number, step, written = self._counted(found)
        self.numbers.append((number, step))
        return written

    def _counted(self, found: dict[str, bytes]) -> tuple[int, int, bytes]:
        steps = self._steps
        match found:
            case {"seconds": text}:
                seconds, _, rest = text.partition(b".")
                step = TELLING_NS // 1_000_000_000
                return int(seconds), step, b'"timestamp":%d.' + (rest + b"000000")[:6]
            case {"clock": name, "ns": text}:
                return int(text), TELLING_NS, b'"' + name + b'":%d'
            case {"seq": text}:
                return int(text), steps.seq, b'"seq":%d'
            case {"session": text}:
                return _FIRST_SESSION + int(text), steps.session, b"s%d"
            case {"id": text}:
                return int(text), steps.seq, SOURCE.encode() + b"-%d"
            case _:
                task = _FIRST_TASK + int(found["task"])
                return task, steps.task, SOURCE.encode() + b"/" + found["kind"] + b"%d"

    def __mod__(self, telling: int) -> bytes:
        """The text in a telling."""
        return self.format % tuple([number + telling * step for number, step in self.numbers])


class Piece:
    """Lines that follow each other, each with its newline; ``%`` gives them as of a telling."""

    def __init__(self, templates: Sequence[Template]) -> None:
        self.count = len(templates)
        self._format = b"".join(template.format + b"\n" for template in templates)
        numbers = np.array([number for template in templates for number in template.numbers], np.int64)
        self._first, self._step = numbers[:, 0], numbers[:, 1]

    def __mod__(self, telling: int) -> bytes:
        """The lines in a telling."""
        return self._format % tuple((self._first + telling * self._step).tolist())
