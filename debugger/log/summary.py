"""One line about an event's payload."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import chain
from typing import Any, Final

from debugger.durations import span

LIMIT: Final = 160
"""Characters of a summary, and at most of a value that is looked at."""

# What says most comes first. Keys of CONTRACT section 5 and of our own messages.
_LEADING: Final = (
    "do",
    "error_type",
    "error_message",
    "event",
    "text",
    "tool",
    "child",
    "lock",
    "queue",
    "item",
    "status",
    "outcome",
)
_LABELLED: Final = (
    "deliveries",
    "delivery",
    "passed_by",
    "when",
    "why",
    "chunk_index",
    "audio_index",
    "index",
    "next_index",
    "request_id",
    "is_final",
    "queued",
    "played",
    "interrupted",
    "finish_reason",
    "agent_id",
    "voice_id",
    "reason",
    "duration_ms",
    "bytes",
    "count",
)
_QUOTED: Final = frozenset({"text"})
_PASSED_OVER: Final = frozenset({"pcm", "topology", "stack_trace", "from", "to"})
_DELIVERIES: Final = frozenset({"deliveries", "delivery", "passed_by"})
_FEW: Final = 3
_US: Final = 1_000
_LONGEST_US: Final = 1e18  # also without infinity and what is no number, which cannot be rounded


def summarise(data: Mapping[str, Any]) -> str:
    """Plain text on one line, at most `LIMIT` characters; the payload's own words, so hostile."""
    parts: list[str] = []
    begin, end = _ends(data)
    if begin is not None or end is not None:
        parts.append(f"{_shown(begin)} → {_shown(end)}")
    if data.get("dropped"):
        parts.append("dropped")
    for key in _LEADING:
        if key in data and data[key] not in (None, ""):
            shown = _task(data[key]) if key == "child" else _shown(data[key])
            parts.append(f"“{shown}”" if key in _QUOTED else shown)
    micros = data.get("duration_us")
    if isinstance(micros, int | float) and not isinstance(micros, bool):
        parts.append(span(round(micros * _US)) if abs(micros) < _LONGEST_US else _one_line(f"{micros}µs"))
    rest = (key for key in data if key not in _TOLD)  # there may be a hundred thousand
    for key in chain((key for key in _LABELLED if key in data), rest):
        if sum(map(len, parts)) > LIMIT:
            break
        value = data[key]
        if value is None or value == "" or value is False:
            continue
        if key in _DELIVERIES:
            parts.append(_deliveries(key, value))
        else:
            parts.append(_one_line(str(key)) if value is True else f"{_one_line(str(key))}={_shown(value)}")
    line = " · ".join(parts)
    return line if len(line) <= LIMIT else line[: LIMIT - 1] + "…"


_ENDS: Final = ("from", "to", "from_agent", "to_agent", "from_seq", "to_seq")
_TOLD: Final = frozenset({*_LEADING, *_LABELLED, *_PASSED_OVER, *_ENDS, "duration_us", "dropped"})


def _ends(data: Mapping[str, Any]) -> tuple[Any, Any]:
    """What a change leads from and to, however the payload calls it."""
    for begin, end in zip(_ENDS[::2], _ENDS[1::2], strict=True):
        if begin in data or end in data:
            return data.get(begin), data.get(end)
    return None, None


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return _one_line(value)
    if isinstance(value, list | dict):
        size = len(value)
        brackets = "[]" if isinstance(value, list) else "{}"
        return brackets if not size else f"{brackets[0]}{size}{brackets[1]}"
    return _one_line(json.dumps(value))


def _deliveries(key: str, value: Any) -> str:
    """Which message to whom: the source before the message's number says nothing in a list of its own."""
    named = [one for one in (value if isinstance(value, list) else [value])[:_FEW] if isinstance(one, str)]
    told = ", ".join(
        _one_line(f"#{one[one[:LIMIT].rfind('-') + 1 :].replace('>', ' → ', 1)}") for one in named
    )
    more = len(value) - len(named) if isinstance(value, list) else 0
    label = "" if key != "passed_by" else "passed by "
    return (
        f"{label}{told}{f' and {more:,} more' if more > 0 and named else ''}"
        if named
        else f"{key}={_shown(value)}"
    )


def _task(value: Any) -> str:
    """A task's name is its source and a count; the source says nothing beside the others of it."""
    return _one_line(value.rpartition("/")[2] or value) if isinstance(value, str) else _shown(value)


def _one_line(text: str) -> str:
    cut = text if len(text) <= LIMIT else text[: LIMIT - 1] + "…"
    return " ".join(cut.split())
