"""What goes between the debugger and the process that judges."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from debugger.analysis.findings import Finding
from debugger.analysis.ranking import Key
from debugger.analysis.told import Story
from debugger.judging.asked import Asked
from debugger.sources.pipes import decoder, encode


class Order(Struct, frozen=True):
    """What is to be done, and the descriptors of the files that rows are in."""

    asked: Asked
    files: tuple[int, ...]


class Piece(NamedTuple):
    """Rows, in order: in which file each line is (0: in ``text``), where it begins, and how long it is."""

    stores: NDArray[np.int64]
    offsets: NDArray[np.int64]
    lengths: NDArray[np.int64]
    text: bytes


class Request(NamedTuple):
    """In this order: rows up to ``skip_to`` do not come (-1: none are left out); pieces; what is asked.

    ``whole`` says that, as far as anybody knows, nothing comes after that.
    """

    skip_to: int
    pieces: list[Piece]
    whole: bool
    stories: list[Key]


class Report(NamedTuple):
    """How far it is, and what is different since the last report.

    ``unread`` counts rows whose lines were gone. ``texts`` are of rules that are named for the first time.
    After an ``error`` nothing comes.
    """

    upto: int
    whole: bool
    unread: int
    changed: list[Finding]
    gone: list[Key]
    texts: dict[str, str]
    stories: list[tuple[Key, Story]]
    error: str = ""


_request: Final = decoder(Request)
_report: Final = decoder(Report)


def request_to_wire(request: Request) -> bytes:
    """For the pipe."""
    return encode(request)


def request_from_wire(wire: bytes) -> Request:
    """The reverse; whoever started this process wrote it."""
    request: Request = _request(wire)
    return request


def report_to_wire(report: Report) -> bytes:
    """For the pipe. Words of the log may have halves of characters in them, which become question marks."""
    try:
        return encode(report)
    except UnicodeEncodeError:
        return encode(_whole_characters(msgspec.to_builtins(report)))


def report_from_wire(wire: bytes) -> Report:
    """The reverse.

    Raises:
        msgspec.DecodeError: it is something else.
    """
    report: Report = _report(wire)
    return report


def _whole_characters(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_whole_characters(key): _whole_characters(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_whole_characters(one) for one in value]
    return value
