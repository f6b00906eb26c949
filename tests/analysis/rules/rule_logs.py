"""Short logs, written down: for rules."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from backend.events import decode_line
from debugger.analysis.findings import Finding
from debugger.analysis.order import order_of
from debugger.analysis.rules import Rules, RuleSet, judged, load_rules
from debugger.log import EventLog
from debugger.sources.file import open_recordings
from tests.support.voicelog import BASE

ROOT = Path(__file__).parents[3]
VOICE = load_rules()
Told = dict[str, Any]


def event(kind: str, component: str, message: str | None = None, **more: Any) -> Told:
    """One event; `more` are its fields, and ``data`` what is none."""
    known = {"session_id": "s1", "turn": 1}
    fields = {"id", "cause", "task", "turn", "worker_id", "session_id", "component_state", "seq", "timestamp"}
    data = {name: value for name, value in more.items() if name not in fields}
    told = {name: value for name, value in more.items() if name in fields}
    return {"event_type": kind, "component": component, "message_type": message, "data": data} | known | told


def sent(component: str, message: str, **more: Any) -> Told:
    return event("message_published", component, message, direction="publish", **more)


def got(component: str, message: str, *, dropped: bool = False, **more: Any) -> list[Told]:
    """A message is received and handled; or thrown away."""
    end = {"outcome": "ok"} | ({"dropped": True, "reason": "stale"} if dropped else {})
    more.setdefault("task", f"h{next(_NUMBERS)}")
    places = {name: more[name] for name in ("turn", "session_id", "task", "worker_id") if name in more}
    return [
        event("message_received", component, message, **more),
        event("message_handled", component, message, **places, **end),
    ]


def _count() -> Iterable[int]:
    number = 0
    while True:
        number += 1
        yield number


_NUMBERS = iter(_count())


def recorded(*events: Told | list[Told], ended: bool = True, session_ended: bool = True) -> list[Told]:
    """With a beginning and (perhaps) an end of the recording and of its session."""
    flat: list[Told] = []
    for one in events:
        flat += one if isinstance(one, list) else [one]
    outside = {"session_id": None, "turn": None}
    flat.insert(0, event("system", "tap", "RECORDING_STARTED", **outside))
    flat.insert(1, event("subscribed", "overseer", "X", turn=None))
    if session_ended:
        flat.append(event("unsubscribed", "overseer", "X", turn=None))
    if ended:
        flat.append(event("system", "tap", "RECORDING_ENDED", **outside))
    return flat


def log_of(events: Iterable[Told], *, base: bool = False, max_rows: int | None = None) -> EventLog:
    """A log of them, one a millisecond unless they say when; `base`: with the ten fields only."""
    log = EventLog(max_rows=max_rows)
    append(log, events, base=base)
    return log


def append(log: EventLog, events: Iterable[Told], *, base: bool = False) -> None:
    lines = []
    for row, told in enumerate(events, len(log) + 1):
        full = {"timestamp": row / 1000, "source": "p", "seq": row, "id": f"p-{row}"} | told
        if base:
            turn = full.get("turn")
            if turn is not None:
                full["correlation_id"] = f"{full['session_id']}_{turn}_STT_USER_STARTED_SPEAKING"
            full = {name: full[name] for name in BASE if name in full}
        lines.append(json.dumps(full).encode())
    if lines:
        log.append_many(lines, [decode_line(line) for line in lines])


def rules_of(log: EventLog, rules: RuleSet = VOICE, *, order: bool = True) -> Rules:
    return judged(log, rules, order=order_of(log) if order else None)


def found(log: EventLog, rules: RuleSet = VOICE, *, order: bool = True) -> list[Finding]:
    return list(rules_of(log, rules, order=order).all())


def said(log: EventLog, rules: RuleSet = VOICE, *, order: bool = True) -> list[tuple[str, str]]:
    """Rule and verdict of each finding."""
    return [(one.rule, one.verdict) for one in found(log, rules, order=order)]


def opened(path: Path) -> EventLog:
    log = EventLog()
    open_recordings([path]).load_all(log)
    return log
