"""``doubletalk stats``: what is in recordings as a whole."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from debugger.checking import cores
from debugger.cli.check.recordings import recordings_meant
from debugger.cli.fleets import EngineOption, JobsOption, progress_of
from debugger.cli.inspect.loading import watched
from debugger.cli.inspect.printing import milliseconds, print_json, print_table, safe
from debugger.cli.inspect.rows import findings_from_one
from debugger.cli.ranges import FromOption, ToOption
from debugger.cli.telling import note, tell
from debugger.fleet import engine_named
from debugger.fleet.stats import Fleet, StatsOptions, stats_fleet, stats_one

if TYPE_CHECKING:
    from debugger.analysis.overview import Overview
    from debugger.fleet.totals import Total

SCHEMA = "doubletalk.stats/1"
_HANDLERS = 12


def stats(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH...", help="Recordings, stores, folders, patterns; - is stdin."),
    ],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    only_total: Annotated[bool, typer.Option("--total", help="Only all of them together.")] = False,
    jobs: JobsOption = 0,
    engine: EngineOption = None,
    since: FromOption = None,
    until: ToOption = None,
) -> None:
    """Count what is in recordings, each and together: components, messages, handler times, what is missing.

    Exits with 2 when something cannot be read.
    """
    from debugger.sources.store import with_range  # noqa: PLC0415 - loads numpy

    named = engine_named(engine)
    meant = with_range(recordings_meant(paths), since, until)
    if len(meant) == 1 and not named.elsewhere:
        one = stats_one(meant[0], only_total=only_total, watched=watched)
        found = Fleet(one.recordings, None if one.totals is None else one.totals.told(), ())
    else:
        with progress_of("counting", len(meant)) as progress:
            found = stats_fleet(meant, StatsOptions(only_total), named, jobs or cores(), progress)
    _tell_of(found)
    if found.total is not None:
        _write(found, found.total, as_json=as_json, only_total=only_total)
    if found.problems or any(one.error for one in found.recordings):
        raise typer.Exit(2)


def _tell_of(found: Fleet) -> None:
    from debugger.sources.told import NO_EVENTS  # noqa: PLC0415 - loads numpy

    several = len(found.recordings) > 1
    for one in found.recordings:
        for notice in one.notices:
            note(notice)
        for problem in one.error.splitlines():
            tell(f"{one.path}: {problem}" if problem == NO_EVENTS and several else problem)
    for problem in found.problems:
        tell(problem)


def _write(found: Fleet, total: Total, *, as_json: bool, only_total: bool) -> None:
    read = [(one.path, one.overview) for one in found.recordings if one.overview is not None]
    if as_json:
        listed = [_as_json(path, one) for path, one in read]
        print_json(SCHEMA, {"total": total} if only_total else {"recordings": listed, "total": total})
        return
    for number, (path, one) in enumerate(read):
        if len(found.recordings) > 1:
            sys.stdout.write(f"{'' if number == 0 else chr(10)}{safe(path)}\n")
        _print(one)
    if len(found.recordings) > 1 or only_total:
        sys.stdout.write("" if not read else "\nall of them\n")
        _print_total(total)


def _as_json(path: str, one: Overview) -> dict[str, object]:
    from debugger.analysis.turns import to_json  # noqa: PLC0415 - loads numpy

    told: dict[str, object] = to_json(one)
    return {"path": path} | told | {"findings": findings_from_one(one.findings)}


def print_summary(found: Overview) -> None:
    """The first lines of all: how much there is, and how much is missing."""
    _print_counts(found, len(found.sessions))


def _print_counts(found: Overview | Total, sessions: int) -> None:
    lines = (
        ("events", found.events),
        ("seconds", f"{found.seconds:.3f}"),
        ("sessions", sessions),
        ("turns", found.turns),
        ("components", len(found.components)),
        ("broken lines", found.broken_lines),
        ("gaps", found.gaps),
        ("missing events", found.missing_events),
    )
    sys.stdout.write("".join(f"{name:<15}{value}\n" for name, value in lines))


def _print(found: Overview) -> None:
    print_summary(found)
    if not found.events:
        return
    _print_tables(found)
    for finding in found.findings:
        where = f" (row {finding.row + 1})" if finding.row >= 0 else ""
        note(f"{finding.verdict}: {finding.message}{where}")


def _print_total(found: Total) -> None:
    sys.stdout.write(f"{'recordings':<15}{found.recordings}\n")
    _print_counts(found, found.sessions)
    if not found.events:
        return
    wait = found.latency.total
    if wait.counted:
        times = (("p50", wait.p50_ns), ("p95", wait.p95_ns), ("max", wait.max_ns))
        told = " · ".join(f"{name} {milliseconds(time)}" for name, time in times)
        how = "" if found.exact else " (within 3 %)"
        sys.stdout.write(f"{'to first audio':<15}{told} of {wait.counted} turns{how}\n")
    _print_tables(found)
    if found.findings:
        sys.stdout.write("\n")
        print_table(("told of", "times"), list(found.findings.items()), right=(1,))


def _print_tables(found: Overview | Total) -> None:
    sys.stdout.write("\n")
    print_table(
        ("component", "events", "sent", "received", "failed"),
        [(one.component, one.events, one.sent, one.received, one.failed) for one in found.components],
        right=(1, 2, 3, 4),
    )
    if found.messages:
        sys.stdout.write("\n")
        print_table(("message", "sent"), list(found.messages.items()), right=(1,))
    if found.handlers:
        sys.stdout.write("\n")
        slowest = sorted(found.handlers, key=lambda one: -one.p95_ns)[:_HANDLERS]
        print_table(
            ("handler", "message", "count", "p50", "p95", "max"),
            [
                (
                    one.component,
                    one.message,
                    one.count,
                    *map(milliseconds, (one.p50_ns, one.p95_ns, one.max_ns)),
                )
                for one in slowest
            ],
            right=(2, 3, 4, 5),
        )
