"""The process that judges: ``python -m debugger.judging.process``.

On standard input comes an `Order` in a line of JSON, then a `Request` after the other, each behind its
length. On standard output go `Report`s in the same way. When standard input ends, whoever wanted this is
gone, however that came about: then this ends too, within a slice of its work.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import sys
import time
from typing import Final

import msgspec

from debugger.analysis.judge import SELDOM
from debugger.analysis.online import LARGE
from debugger.judging.messages import (
    Order,
    Report,
    Request,
    report_to_wire,
    request_from_wire,
)
from debugger.judging.taking import Taker
from debugger.judging.workbench import Workbench
from debugger.log import EventLog
from debugger.log.stores import FileStore
from debugger.sources.pipes import LENGTH_BYTES

SLICE_NS: Final = 30_000_000
"""So long it judges before it looks for requests, and whether anybody is still there."""

REPORT_NS: Final = 100_000_000
"""So often it tells what it found while it is busy, or as seldom as keeps that a tenth of its work."""

_TWO_THREADS: Final = 2
_RESTS: Final = 2 if (os.cpu_count() or 1) <= _TWO_THREADS else 0
"""Of a live feed it rests so many times as long as it judges, where there is little room: on two threads of
one core, whoever paints on the other one is slower by half."""

_STORIES_NS: Final = 50_000_000
_SHARE: Final = 10
_NICE: Final = 19  # it takes what is left: whoever presses a key, loads or feeds goes first
_ARENA_BYTES: Final = 64 << 20
_INPUT, _OUTPUT = 0, 1
_AT_ONCE: Final = 1 << 20


class Judge:
    """Takes requests, judges, and reports. Some ``text`` of the first request may be read already."""

    def __init__(self, order: Order, text: bytes) -> None:
        keep = order.asked.keep
        self._log = (
            EventLog(max_rows=keep) if keep is None else EventLog(max_rows=keep, arena_bytes=_ARENA_BYTES)
        )
        self._taker = Taker(self._log, [FileStore(fd) for fd in order.files])
        self._bench = Workbench(self._log, order.asked, LARGE)
        self._inbox = bytearray()
        self._whole = False
        self._finished = False
        self._told_upto = -1
        self._next_ns = 0
        self._urgent = False
        self._rests = _RESTS if order.asked.live else 0
        self._wait_ns = 0
        self._receive(text)

    def run(self) -> None:
        """Until nobody wants it any more."""
        while self._listen():
            if not self._bench.online.complete:
                began = time.monotonic_ns()
                self._bench.online.advance(time.monotonic_ns, SLICE_NS)
                self._wait_ns = (time.monotonic_ns() - began) * self._rests
                self._finished = False
            elif self._whole and not self._finished:
                self._finished = self._urgent = self._bench.online.finish()
            if self._due:
                self._report()

    @property
    def _idle(self) -> bool:
        """Whether there is nothing to do, nor to tell, before the next request."""
        online = self._bench.online
        told = self._told_upto == online.looked_at  # of rows that are left out it looks at none
        finished = self._finished or not self._whole
        return online.complete and told and finished and not self._bench.due and not self._urgent

    @property
    def _due(self) -> bool:
        online = self._bench.online
        return self._urgent or time.monotonic_ns() >= self._next_ns or (online.complete and not self._idle)

    # --- requests ------------------------------------------------------------------------------

    def _listen(self) -> bool:
        """Take what came; wait for it where there is nothing else to do. Whether anybody is still there."""
        wait, self._wait_ns = self._wait_ns / 1e9, 0
        if wait:
            time.sleep(wait)
        ready = select.select([_INPUT], [], [], None if self._idle else 0)[0]
        if not ready:
            return True
        text = os.read(_INPUT, _AT_ONCE)
        if not text:
            return False
        self._receive(text)
        return True

    def _receive(self, text: bytes) -> None:
        """What of it are whole requests is done, the rest waits for more."""
        self._inbox += text
        while len(self._inbox) >= LENGTH_BYTES:
            end = LENGTH_BYTES + int.from_bytes(self._inbox[:LENGTH_BYTES], "little")
            if len(self._inbox) < end:
                break
            self._take(request_from_wire(bytes(self._inbox[LENGTH_BYTES:end])))
            del self._inbox[:end]

    def _take(self, request: Request) -> None:
        if request.skip_to >= 0:
            self._log.skip_to(request.skip_to)
        for piece in request.pieces:
            self._taker.take(piece)
        self._whole = request.whole
        for key in request.stories:
            self._bench.ask(key)
            self._urgent = True

    # --- reports -------------------------------------------------------------------------------

    def _report(self) -> None:
        began = time.process_time_ns()
        online = self._bench.online
        changed, gone, texts = self._bench.news()
        stories = self._bench.stories(time.monotonic_ns, _STORIES_NS)
        self._told_upto, self._urgent = online.looked_at, False
        unread = self._taker.unread
        send(Report(online.looked_at, self._finished, unread, changed, gone, texts, stories))
        took = time.process_time_ns() - began
        self._next_ns = time.monotonic_ns() + max(REPORT_NS, took * _SHARE)


def send(report: Report) -> None:
    """Write a report, all of it."""
    wire = report_to_wire(report)
    rest = memoryview(len(wire).to_bytes(LENGTH_BYTES, "little") + wire)
    while rest:
        rest = rest[os.write(_OUTPUT, rest) :]


def main() -> int:
    """Read the order, and do it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this is interrupted, and ends it
    with contextlib.suppress(OSError):
        os.nice(_NICE)
    gc.freeze()
    gc.set_threshold(SELDOM, *gc.get_threshold()[1:])
    text = b""
    while b"\n" not in text:
        read = os.read(_INPUT, _AT_ONCE)
        if not read:
            return 0
        text += read
    line, _, behind = text.partition(b"\n")
    with contextlib.suppress(BrokenPipeError):
        try:
            Judge(msgspec.json.decode(line, type=Order), behind).run()
        except BrokenPipeError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, whoever waits is to know
            told = f"{type(error).__name__}: {error}"
            send(Report(0, False, 0, [], [], {}, [], " ".join(told.split())[:300]))
            return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
