"""``doubletalk show FILE --findings``: what the debugger's findings pane lists."""

from __future__ import annotations

import datetime as dt
import sys
from typing import TYPE_CHECKING

from msgspec import Struct

from debugger.cli.inspect.loading import loaded
from debugger.cli.inspect.printing import cut, print_json, print_table, safe

if TYPE_CHECKING:
    from debugger.analysis.findings import Finding
    from debugger.judging import Here
    from debugger.log import EventLog

SCHEMA = "doubletalk.findings/1"
_WIDTH = 100


class ListedStep(Struct, frozen=True):
    """An event of a causal history, and the rule that puts it after the one before."""

    row: int
    by: str


class Listed(Struct, frozen=True):
    """A finding as the pane and its pages have it. Rows count from 0; ``first`` is A, ``second`` B."""

    rule: str
    verdict: str
    severity: str
    message: str
    why: str
    fix: str
    suppressed: str
    session_id: str | None
    turn: int | None
    components: tuple[str, ...]
    times: int
    row: int | None
    timestamp_ns: int | None
    first: int | None
    second: int | None
    missing: str
    missing_rows: tuple[int, ...]
    history_of_first: tuple[ListedStep, ...]
    history_of_second: tuple[ListedStep, ...]
    explanation: tuple[str, ...]


class Judged(Struct, frozen=True):
    """How far the recording was judged, and what was found, the worst first."""

    events: int
    judged: int
    trouble: str
    findings: tuple[Listed, ...]


def show_findings(path: str, rules: tuple[tuple[str, str], ...], *, as_json: bool) -> None:
    """Print them, as JSON or as a table: judged by `rules`, names and texts, beside the built-in ones."""
    from debugger.analysis.findings import Findings  # noqa: PLC0415 - loads numpy
    from debugger.analysis.ranking import rank  # noqa: PLC0415
    from debugger.judging import Asked, Here  # noqa: PLC0415
    from debugger.log.moment import parse_link  # noqa: PLC0415

    with loaded([parse_link(path).path]) as log:
        here = Here(log, Asked(dt.datetime.now().astimezone().date(), rules=rules))
        here.finish_all()
        noted = Findings(log)
        while not noted.complete:
            noted.advance(_no_clock, 0)
        found = sorted((*here.found.all, *noted.all()), key=rank)
        listed = Judged(len(log), here.upto, here.trouble, tuple(_listed(log, here, one) for one in found))
    if as_json:
        print_json(SCHEMA, listed)
    else:
        _print(listed)


def _no_clock() -> int:
    return 0


def _listed(log: EventLog, here: Here, finding: Finding) -> Listed:
    from debugger.analysis.ranking import key_of, pair_of  # noqa: PLC0415 - loads numpy
    from debugger.analysis.told import Story  # noqa: PLC0415

    key = key_of(finding)
    if here.story(key) is None and finding.verdict in ("violation", "predicted"):
        here.finish_all()
    story = here.found.stories.get(key) or Story()
    first, second = pair_of(finding)
    return Listed(
        finding.rule,
        finding.verdict,
        finding.severity,
        finding.message,
        finding.why,
        finding.fix,
        finding.suppressed,
        finding.session_id,
        finding.turn,
        finding.components,
        finding.times,
        _known(finding.row),
        int(log.column("timestamp_ns")[finding.row]) if finding.row >= 0 else None,
        _known(first),
        _known(second),
        story.missing,
        story.missing_rows,
        tuple(ListedStep(step.row, step.by) for step in story.first),
        tuple(ListedStep(step.row, step.by) for step in story.second),
        story.lines(_WIDTH),
    )


def _known(row: int) -> int | None:
    return row if row >= 0 else None


def _print(judged: Judged) -> None:
    rows = [
        (
            one.verdict,
            one.severity,
            f"{one.rule}: {one.message}",
            one.session_id or "",
            "" if one.turn is None else one.turn,
            one.times,
            "" if one.row is None else one.row,
        )
        for one in judged.findings
    ]
    print_table(("verdict", "severity", "finding", "session", "turn", "times", "row"), rows, right=(5, 6))
    told = f"judged {judged.judged:,} of {judged.events:,} events; {len(rows):,} findings"
    sys.stdout.write(f"\n{cut(told)}\n")
    if judged.trouble:
        sys.stdout.write(f"{cut(safe(judged.trouble))}\n")
