"""Lines of the program: which one runs, and where each task waits."""

from __future__ import annotations

import asyncio
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from backend.simulation.errors import Wait

_HERE = str(Path(__file__).parent)
_PATHS = sysconfig.get_paths()
_LIBRARIES = tuple(_PATHS[name] for name in ("purelib", "platlib"))
_NOT_OF_THE_PROGRAM = (_HERE, _PATHS["stdlib"], "<frozen")

_WAITS: dict[str, str] = {
    "Event.wait": "for an event to be set",
    "Lock.acquire": "to acquire a lock",
    "Semaphore.acquire": "to acquire a semaphore",
    "Condition.wait": "to be notified",
    "Barrier.wait": "at a barrier",
    "Queue.get": "for an item in a queue",
    "Queue.put": "for room in a queue",
    "Queue.join": "for a queue's items to be done with",
    "TaskGroup.__aexit__": "for the tasks of its group",
    "wait": "in asyncio.wait",
    "wait_for": "in asyncio.wait_for",
    "sleep": "for its sleep to end",
    "StreamReader._wait_for_data": "for data of a stream",
}


def program_line(frame: FrameType | None = None) -> str:
    """``file:line in function`` of the innermost running frame that is the program's own."""
    if frame is None:
        frame = sys._getframe(1)  # noqa: SLF001 - there is no other way to a frame
    innermost: FrameType | None = frame
    while frame is not None:
        if _of_program(frame.f_code):
            return told(frame.f_code, frame.f_lineno)
        frame = frame.f_back
    return told(innermost.f_code, innermost.f_lineno) if innermost is not None else "?"


def program_file(filename: str) -> bool:
    """Whether a file is neither of this package nor of Python's own library."""
    return filename.startswith(_LIBRARIES) or not filename.startswith(_NOT_OF_THE_PROGRAM)


def _of_program(code: CodeType) -> bool:
    return program_file(code.co_filename)


def told(code: CodeType, line: int | None) -> str:
    """``file:line in function``; the file as it is found on the import path."""
    return f"{_short(code.co_filename)}:{line} in {code.co_qualname}"


def _short(filename: str) -> str:
    bases = [base.rstrip("/") + "/" for base in sys.path if base]
    fitting = [base for base in bases if filename.startswith(base)]
    return filename.removeprefix(max(fitting, key=len)) if fitting else Path(filename).name


def waits(tasks: Iterable[asyncio.Task[Any]]) -> list[Wait]:
    """Where each of these waits that is not done, in order of creation."""
    return [_wait(task) for task in tasks if not task.done()]


def _wait(task: asyncio.Task[Any]) -> Wait:
    where = "?"
    what = "for a future"
    for code, line in _suspended(task.get_coro()):
        if _of_program(code):
            where = told(code, line)
        what = _WAITS.get(code.co_qualname, what)
    awaited = getattr(task, "_fut_waiter", None)
    if isinstance(awaited, asyncio.Task):
        what = f"for the task {awaited.get_name()}"
    return Wait(task.get_name(), what, where)


def _suspended(awaitable: Any) -> Iterator[tuple[CodeType, int | None]]:
    """Code and line of each suspended frame, outermost first."""
    while awaitable is not None:
        for kind, inner in (("cr", "cr_await"), ("ag", "ag_await"), ("gi", "gi_yieldfrom")):
            if hasattr(awaitable, f"{kind}_frame"):
                frame = getattr(awaitable, f"{kind}_frame")
                if frame is None:
                    return
                yield frame.f_code, frame.f_lineno
                awaitable = getattr(awaitable, inner)
                break
        else:
            return
