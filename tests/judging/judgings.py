"""Logs that are judged beside whoever looks at them."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from backend.events import decode_line
from debugger.analysis.findings import Finding
from debugger.analysis.judge import judge
from debugger.analysis.rules import load_rules
from debugger.judging import Asked, Judging
from debugger.log import EventLog
from debugger.sources.file import FileSource, open_recordings

TODAY = dt.date(2026, 1, 1)
ASKED = Asked(TODAY)
RULES = load_rules()
JUDGED = frozenset({*(rule.id for rule in RULES.rules), "order-race", "lost-update"})
RACES = sorted(Path("docs/races").glob("*.jsonl"))
BUDGET_NS = 8_000_000


def live_log(lines: Sequence[bytes], max_rows: int | None = 100_000) -> EventLog:
    log = EventLog(max_rows=max_rows)
    append(log, lines)
    return log


def append(log: EventLog, lines: Sequence[bytes]) -> None:
    log.append_many(list(lines), [decode_line(line) for line in lines])


def file_log(*paths: Path) -> tuple[EventLog, FileSource]:
    log = EventLog()
    source = open_recordings(paths)
    source.load_all(log)
    return log, source


def until(judging: Judging, condition: Callable[[], bool], seconds: float = 40) -> None:
    """Go on as the interface does, until something is so."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, (judging.upto, judging.whole, judging.trouble, judging.found.all)
        judging.advance(time.monotonic_ns, BUDGET_NS)
        time.sleep(0.002)


def finished(judging: Judging, log: EventLog) -> list[tuple[object, ...]]:
    """What is found in all of it."""
    judging.finish(True)
    until(judging, lambda: judging.whole and judging.upto == len(log))
    return told(judging.found.all)


def told(findings: Sequence[Finding]) -> list[tuple[object, ...]]:
    """As much of findings as is the same wherever they were found."""
    names = (
        "rule",
        "verdict",
        "severity",
        "message",
        "why",
        "fix",
        "row",
        "rows",
        "session_id",
        "turn",
        "times",
    )
    return sorted(tuple(getattr(one, name) for name in names) for one in findings)


def checked(log: EventLog) -> list[tuple[object, ...]]:
    """What `check` finds, but for what is missing from the log, which the pane has from elsewhere."""
    return told([one for one in judge(log, RULES, TODAY).findings if one.rule in JUDGED])


def judges() -> set[int]:
    """Processes of ours that judge: other tests leave others, which clean up or stand ready."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        try:
            found |= set(map(int, (task / "children").read_text().split()))
        except OSError:
            continue
    return {one for one in found if _judges(one)}


def _judges(process: int) -> bool:
    try:
        return b"debugger.judging" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False
