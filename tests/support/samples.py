"""The recordings that come with the project, and where in them an event is that is told by what it is."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parents[2] / "sample_logs"


@cache
def events_of(name: str) -> tuple[dict[str, Any], ...]:
    """All events of ``NAME.jsonl``, as plain JSON."""
    return tuple(map(json.loads, (SAMPLES / f"{name}.jsonl").read_bytes().splitlines()))


def place_of(name: str, **wanted: Any) -> int:
    """The row, from 1, of the first event that has these values; in a sample that is its ``seq``, too."""
    return next(
        row
        for row, event in enumerate(events_of(name), 1)
        if all(event.get(field) == value for field, value in wanted.items())
    )
