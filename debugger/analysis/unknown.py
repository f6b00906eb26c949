"""Rows that name a cause which is not in the log: counted as the log grows, since a cause may come late."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from debugger.log import NONE, NOT_IN_LOG, EventLog

_PART: Final = 1 << 16


class UnknownCauses:
    """Grows with its log: `look` takes new rows in, `check` looks at the earlier ones again, part by part.

    Those that are forgotten are no longer among them then. ``named`` says whether any event names its cause.
    """

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._parts: list[NDArray[np.int64]] = []
        self._checked = 0
        self.named = False

    def look(self, start: int, stop: int) -> None:
        """Take in the rows from `start` up to `stop`; what was unknown before may be known now."""
        causes = self._log.column("cause_row")[start:stop]
        rows = np.flatnonzero(causes == NOT_IN_LOG) + start
        self.named = self.named or bool((causes != NONE).any())
        self._checked = 0
        if not len(rows):
            return
        if self._parts and len(self._parts[-1]) < _PART:
            self._parts[-1] = np.concatenate((self._parts[-1], rows))
        else:
            self._parts.append(rows)

    @property
    def checked(self) -> bool:
        """Whether all rows were looked at again since the last ones came."""
        return self._checked >= len(self._parts)

    def check(self) -> None:
        """Look at the next part of the rows again."""
        if self.checked:
            return
        rows = self._parts[self._checked]
        left = rows[self._log.column("cause_row")[rows] == NOT_IN_LOG]
        if len(left):
            self._parts[self._checked] = left
            self._checked += 1
        else:
            del self._parts[self._checked]

    def __len__(self) -> int:
        """How many there are."""
        return sum(map(len, self._parts))

    def first(self, count: int) -> tuple[int, ...]:
        """The first of them."""
        found: list[int] = []
        for part in self._parts:
            found += part[: count - len(found)].tolist()
            if len(found) >= count:
                break
        return tuple(found)
