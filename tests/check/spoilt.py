"""A recording of a race, spoilt in the ways that recordings get spoilt: lines in, the bytes of a file out."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable
from typing import Any, Final

import zstandard

from tests.cli.command import ROOT
from tests.report.reports import HOSTILE
from tests.support.voicelog import BASE

Spoil = Callable[[list[bytes]], bytes]
Change = Callable[[int, dict[str, Any]], None]

RACE: Final = (ROOT / "docs" / "races" / "stale-worker-chunk.jsonl").read_bytes().splitlines()

_NAMES: Final = ("component", "session_id", "user_id", "correlation_id", "worker_id", "task", "id", "cause")
_WORDS: Final = frozenset(("worker_id", "text", "stream_id", "agent_id", "reason", "child"))
_HOUR: Final = 3_600
_YEARS: Final = 30 * 365 * 24 * _HOUR
_HARM: Final = HOSTILE.replace("\ud800", "")  # no line of JSON has half a character


def text_of(lines: list[bytes]) -> bytes:
    """As a file has them."""
    return b"".join(line + b"\n" for line in lines)


def each(change: Change) -> Spoil:
    """Every event is changed."""

    def spoil(lines: list[bytes]) -> bytes:
        events = [json.loads(line) for line in lines]
        for number, event in enumerate(events):
            change(number, event)
        return text_of([json.dumps(event).encode() for event in events])

    return spoil


def _clock(jump: Callable[[int], int]) -> Spoil:
    """A clock that is wrong by so many seconds."""

    def change(number: int, event: dict[str, Any]) -> None:
        event["timestamp"] += jump(number)
        event["timestamp_ns"] += jump(number) * 10**9

    return each(change)


def _only_base(_: int, event: dict[str, Any]) -> None:
    for name in set(event) - set(BASE):
        del event[name]


def _cause(of: Callable[[int], int]) -> Spoil:
    ids = [json.loads(line)["id"] for line in RACE]
    return each(lambda number, event: event.update(cause=ids[of(number) % len(ids)]))


def _hostile(_: int, event: dict[str, Any]) -> None:
    for name in _NAMES:
        if isinstance(event.get(name), str):
            event[name] = _HARM + event[name]
    for name, value in event["data"].items():
        if isinstance(value, str) and name in {
            "worker_id",
            "text",
            "stream_id",
            "agent_id",
            "reason",
            "child",
        }:
            event["data"][name] = HOSTILE + value


def _nonsense(number: int, event: dict[str, Any]) -> None:
    chance = random.Random(number)
    values = (None, 1e308, -1, 2**70, [], {}, "", True, [[[]]])
    event["data"] = {name: chance.choice(values) for name in event["data"]}
    event["component_state"] = {name: chance.choice(values) for name in event["component_state"]}
    event["turn"] = chance.choice((None, -5, 2**40, number))
    event["worker_id"] = chance.choice((None, "", "w"))


def _shuffled(lines: list[bytes]) -> bytes:
    return text_of(random.Random(1).sample(lines, len(lines)))


def _middle_gone(packed: bytes) -> bytes:
    """Forty bytes of it are zeros."""
    at = len(packed) // 2
    return packed[:at] + bytes(40) + packed[at + 40 :]


CHANGES_NOTHING: Final[dict[str, Spoil]] = {
    "a clock that goes back by an hour": _clock(lambda number: -_HOUR if number > 300 else 0),
    "a clock that goes forward by an hour": _clock(lambda number: _HOUR if number > 300 else 0),
    "a clock that jumps by decades": _clock(lambda number: _YEARS if number % 2 else -_YEARS),
    "times that no clock has": each(lambda number, event: event.update(timestamp=1e300 * (number % 2))),
    "every line twice": lambda lines: text_of([line for line in lines for _ in range(2)]),
    "the whole twice": lambda lines: text_of(lines * 2),
    "shuffled": _shuffled,
    "backwards": lambda lines: text_of(lines[::-1]),
    "CRLF, a BOM, blank lines": lambda lines: b"\xef\xbb\xbf" + b"\r\n\r\n".join(lines),
    "causes in a circle": _cause(lambda number: number + 1),
    "causes of themselves": _cause(lambda number: number),
    "causes in the future": _cause(lambda number: number + 50),
    "one id for all": each(lambda _, event: event.update(id="same")),
    "no end": lambda lines: text_of(lines[:-1]),
    "torn": lambda lines: b"\n".join(lines)[:-120],
    "binary in the middle": lambda lines: (
        text_of(lines[:300]) + random.Random(1).randbytes(50_000) + b"\n" + text_of(lines[300:])
    ),
}
"""The violations are those of the recording all the same."""

JUDGED_IN_PART: Final[dict[str, tuple[Spoil, str]]] = {
    "base fields only": (each(_only_base), "no-causes"),
    "every fourth line is missing": (
        lambda lines: text_of([line for number, line in enumerate(lines) if number % 4]),
        "seq-gap",
    ),
    "no beginning": (lambda lines: text_of(lines[100:]), "unknown-cause"),
    "torn": (CHANGES_NOTHING["torn"], "torn-tail"),
    "no end": (CHANGES_NOTHING["no end"], "no-end"),
    "binary in the middle": (CHANGES_NOTHING["binary in the middle"], "broken-line"),
    "the whole twice": (CHANGES_NOTHING["the whole twice"], "repeated-events"),
    "shuffled": (_shuffled, "disordered-events"),
    "gzip, cut": (lambda lines: gzip.compress(text_of(lines))[:-2_000], "damaged-file"),
    "gzip, broken": (lambda lines: _middle_gone(gzip.compress(text_of(lines))), "damaged-file"),
    "zstandard, cut": (
        lambda lines: zstandard.ZstdCompressor().compress(text_of(lines))[:-2_000],
        "damaged-file",
    ),
    "zstandard, broken": (
        lambda lines: _middle_gone(zstandard.ZstdCompressor().compress(text_of(lines))),
        "damaged-file",
    ),
}
"""What is missing is said, by this rule."""

NO_RECORDING: Final[dict[str, bytes]] = {
    "binary": random.Random(1).randbytes(100_000),
    "zeros": bytes(100_000),
    "text": b"hello\nworld\n",
    "somebody else's log": b'{"level": "info", "ts": 1, "msg": "hello"}\n' * 500,
    "one array": b"[" + b",".join(RACE[:20]) + b"]",
    "UTF-16": b"\n".join(RACE[:50]).decode().encode("utf-16"),
    "gzip of nothing": b"\x1f\x8bgarbagegarbage",
    "zstandard of nothing": b"\x28\xb5\x2f\xfdgarbagegarbage",
    "nested without end": b'{"a":' * 100_000,
}

HARMFUL: Final[dict[str, Spoil]] = {
    "hostile names": each(_hostile),
    "nonsense": each(_nonsense),
    "one task for all": each(lambda _, event: event.update(task="one")),
    "numbers that count nothing": each(lambda number, event: event.update(seq=(0, -1, 2**53)[number % 3])),
    "a name as long as a log": each(lambda _, event: event.update(component="x" * 100_000)),
    "a line as long as a log": lambda lines: text_of(
        [lines[0], json.dumps({**json.loads(lines[1]), "data": {"x": "y" * 10**7}}).encode(), *lines[2:]]
    ),
}
"""Nothing is to be expected of it, but that nobody comes to harm."""
