"""The process that judges, seen from whoever started it."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections import deque
from typing import Final

import msgspec

from debugger.judging.asked import Asked
from debugger.judging.messages import Order, Report, Request, report_from_wire, request_to_wire
from debugger.judging.sending import Sender
from debugger.sources.pipes import LENGTH_BYTES, Helper, end_of, output_of, start

_MODULE: Final = "debugger.judging.process"
_LAST_SECONDS: Final = 1.0  # from the end of what it says to its own


class Worker:
    """The process, a thread that writes to it, and one that reads what it tells."""

    def __init__(self, sender: Sender, asked: Asked) -> None:
        self.sender = sender
        self.reports: deque[Report] = deque()
        self.over = False
        self.end = ""
        fds = tuple(one.fileno() for one in sender.files)
        self._process: Helper = start(_MODULE, (), fds=fds, asked=True)
        self._out = output_of(self._process)
        self._outbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        order = msgspec.json.encode(Order(asked, fds)) + b"\n"
        self._put, self._written = len(order), 0  # bytes: each is counted by one thread
        self._outbox.put(order)
        self._threads = [
            threading.Thread(target=run, name=name, daemon=True)
            for run, name in ((self._write, "to the judge"), (self._read, "from the judge"))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def waiting(self) -> int:
        """Bytes that wait for the pipe."""
        return self._put - self._written

    def send(self, request: Request) -> None:
        """Put a request into the queue."""
        wire = request_to_wire(request)
        wire = len(wire).to_bytes(LENGTH_BYTES, "little") + wire
        self._put += len(wire)
        self._outbox.put(wire)

    def _write(self) -> None:
        pipe = self._process.stdin
        if pipe is None:
            return
        with contextlib.suppress(OSError, ValueError):
            while (wire := self._outbox.get()) is not None:
                pipe.write(wire)
                pipe.flush()
                self._written += len(wire)

    def _read(self) -> None:
        read = self._out.read
        with contextlib.suppress(OSError, ValueError, msgspec.DecodeError):
            while len(length := read(LENGTH_BYTES)) == LENGTH_BYTES:
                self.reports.append(report_from_wire(read(int.from_bytes(length, "little"))))
        self.end = end_of(self._process, _LAST_SECONDS)
        self.over = True

    def stop(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()
        self._outbox.put(None)
        for thread in self._threads:
            thread.join()
        for pipe in (self._process.stdin, self._out):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
