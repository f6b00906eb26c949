"""What lnav has to be told about our recordings, so that it reads what we read."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

_PLACE = re.compile(r"^ L(\d+) +100%", re.MULTILINE)
_SCREENFUL = 100
_KINDS = {
    "string": "event_type component message_type session_id correlation_id task source worker_id direction "
    "severity id cause",
    "integer": "turn seq timestamp_ns",
    "json": "data component_state",
}
FIELDS = {name: kind for kind, names in _KINDS.items() for name in names.split()}
"""What lnav calls the kinds of our fields."""


def lnav() -> str | None:
    """Its path; None where it is not installed."""
    return shutil.which("lnav")


IN_LINE = ("component", "event_type", "message_type")


def all_read(shown: str, events: int, *, one_line: bool) -> bool:
    """Whether lnav's bottom line says that it is at the end of so many events: ``L14999977 100%``.

    Its number is that of the topmost line on the screen.
    """
    place = _PLACE.search(shown)
    lines = events * (1 if one_line else 1 + len(FIELDS) - len(IN_LINE))
    return place is not None and int(place[1]) >= lines - _SCREENFUL


def write_format(folder: Path, *, one_line: bool) -> Path:
    """A folder for ``lnav -I``: an event is one line, or has its fields below it as lnav does by itself."""
    fields: dict[str, Any] = {name: {"kind": kind, "hidden": one_line} for name, kind in FIELDS.items()}
    told = {
        "doubletalk_events": {
            "title": "Doubletalk recording",
            "description": "One event a line",
            "json": True,
            "hide-extra": True,
            "timestamp-field": "timestamp",
            "timestamp-divisor": 1,
            "level-field": "severity",
            "body-field": "message_type",
            "line-format": [
                {"field": "__timestamp__"},
                *(part for name in IN_LINE for part in (" ", _field(name))),
            ],
            "value": fields,
        }
    }
    path = folder / "formats" / "doubletalk"
    path.mkdir(parents=True)
    (path / "format.json").write_text(json.dumps(told), encoding="utf-8")
    return folder


def _field(name: str) -> dict[str, str]:
    return {"field": name, "default-value": ""}
