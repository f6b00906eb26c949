"""What a worker gets, does, and gives back: plain values, whatever carries them."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Protocol, Self, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from debugger.fleet.build import Build, refuse_skew, this_build

Group = tuple[str, ...]
"""Of one recording the path, or of several that are one story the paths."""

STDIN: Final = "-"
_UNTIL: Final = "@"


class Part(Protocol):
    """What came of a partition. Two of them are put together by ``+``, in the order of the recordings."""

    def __add__(self, other: Self) -> Self: ...


class Job(Struct, frozen=True):
    """One pure function of a partition, and what is said of recordings that no worker could look at."""

    function: Callable[[Sequence[Group], Any], Any]
    """Of recordings and options: a `Part`. Importable by its name, since a worker elsewhere runs it."""
    unread: Callable[[Sequence[Group], str], Any]
    """The part of recordings that were not read, and why not."""


class Task(Struct, frozen=True):
    """A partition, for a worker."""

    function: Callable[[Sequence[Group], Any], Any]
    groups: tuple[Group, ...]
    options: Any
    base: str = ""
    """The folder that paths are relative to, for a worker that may be in another one."""
    build: Build | None = None
    """The driver's, for a worker that may be of another."""


class Done(Struct, frozen=True):
    """What came of it, and where."""

    part: Any
    worker: str = ""
    unseen: tuple[tuple[int, str], ...] = ()
    """Of a worker elsewhere: paths that are not there where it is, and in which of the recordings."""


def run_task(task: Task) -> Done:
    """What every worker does, of whatever engine.

    Raises:
        UserError: the worker is not of the driver's build.
    """
    if task.build is None:
        return Done(task.function(task.groups, task.options))
    worker = f"{socket.gethostname()}:{os.getpid()}"
    refuse_skew(task.build, this_build(), f"worker {worker}")
    join = os.path.join  # of names of any kind
    given = {path: join(task.base, path) for group in task.groups for path in group}
    placed = [(number, path) for number, group in enumerate(task.groups) for path in group]
    unseen = tuple((number, path) for number, path in placed if not is_there(given[path]))
    groups = tuple(tuple(given[path] for path in group) for group in task.groups)
    with _ALONE:
        if os.getcwd() == task.base:  # noqa: PTH109 - as text
            return Done(task.function(task.groups, task.options), worker, unseen)
        part = task.function(groups, task.options)
    return Done(_named(part, {there: path for path, there in given.items()}), worker, unseen)


def is_there(path: str) -> bool:
    """Whether a recording, or the one that a time range is of, is seen from here."""
    return os.path.exists(path) or os.path.exists(path.rpartition(_UNTIL)[0])  # noqa: PTH110 - text


def _named(value: Any, names: dict[str, str]) -> Any:
    """The same with recordings named as they were by who asked."""
    if isinstance(value, str):
        for there, path in names.items():
            if there in value:
                value = value.replace(there, path)
        return value
    if isinstance(value, tuple):
        return tuple(_named(one, names) for one in value)
    if isinstance(value, Struct):
        inside = {name: getattr(value, name) for name in value.__struct_fields__}
        return replace(value, **{name: _named(one, names) for name, one in inside.items()})
    return value


_ALONE: Final = threading.Lock()
"""Of a worker with several threads one judges at a time: rules that are made ready are one judge's, and two
threads that have msgspec (0.22) look at a type for the first time end in a segmentation fault."""

T = TypeVar("T")


def cut(items: Sequence[T], sizes: Sequence[int], most: int, bytes_each: int) -> Iterator[tuple[T, ...]]:
    """Pieces of at most so many, each of about so many bytes; what is larger than that is alone."""
    piece: list[T] = []
    room = bytes_each
    for item, size in zip(items, sizes, strict=True):
        if piece and (len(piece) >= most or size > room):
            yield tuple(piece)
            piece, room = [], bytes_each
        piece.append(item)
        room -= size
    if piece:
        yield tuple(piece)
