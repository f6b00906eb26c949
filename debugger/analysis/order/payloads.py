"""Reads the few keys of payloads that order is made of; tolerant, for payloads are foreign."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from debugger.log import EventLog
from debugger.log.fields import read_lines


class Told(Struct, gc=False):
    """The keys that are looked at, of whatever type they came."""

    child: Any = None
    kind: Any = None
    delay_ms: Any = None
    mode: Any = None
    concurrency: Any = None
    message_type: Any = None
    queue: Any = None
    item: Any = None
    component: Any = None
    out_of_order: Any = None

    @property
    def child_name(self) -> str | None:
        """The task that the event is about."""
        return self.child if isinstance(self.child, str) else None

    @property
    def delay(self) -> float | None:
        """Milliseconds until a timer fires."""
        known = isinstance(self.delay_ms, int | float) and not isinstance(self.delay_ms, bool)
        return float(self.delay_ms) if known and self.delay_ms == self.delay_ms else None

    @property
    def ordered(self) -> bool | None:
        """Whether a subscriber says that its mailbox is ordered; None if it says nothing."""
        if self.mode in ("ordered", "concurrent"):
            return bool(self.mode == "ordered")
        if isinstance(self.concurrency, int) and not isinstance(self.concurrency, bool):
            return self.concurrency == 1
        return None


class _Line(Struct, gc=False):
    data: Told


_DECODE: Final = msgspec.json.Decoder(_Line).decode
_KEYS: Final = Told.__struct_fields__
_NOTHING: Final = Told()


def read(log: EventLog, rows: Sequence[int]) -> list[Told]:
    """The payloads of some rows; one with nothing in it where the line is gone."""
    told: list[Told] = []
    for row, line in zip(rows, read_lines(log, list(rows)), strict=True):
        try:
            told.append(_DECODE(line).data if line else _NOTHING)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            data = log.event(row).get("data")  # the log's own reader takes more
            known = data if isinstance(data, dict) else {}
            told.append(Told(**{key: known[key] for key in _KEYS if key in known}))
    return told
