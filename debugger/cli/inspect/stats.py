"""``doubletalk stats``: what is in recordings as a whole."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from debugger.cli.inspect.loading import loaded, recordings_in
from debugger.cli.inspect.printing import milliseconds, print_json, print_table, safe
from debugger.cli.inspect.rows import findings_from_one
from debugger.cli.ranges import FromOption, ToOption
from debugger.cli.telling import note

if TYPE_CHECKING:
    from debugger.analysis.overview import Overview

SCHEMA = "doubletalk.stats/1"
_HANDLERS = 12


def stats(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Recordings, stores, folders; - is stdin.")
    ],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    since: FromOption = None,
    until: ToOption = None,
) -> None:
    """Count what is in recordings, one by one: components, messages, handler times, what is missing."""
    from debugger.analysis.overview import overview  # noqa: PLC0415 - loads numpy
    from debugger.analysis.turns import to_json  # noqa: PLC0415
    from debugger.sources.store import with_range  # noqa: PLC0415 - as above

    found: dict[str, Overview] = {}
    for path in with_range(recordings_in(paths), since, until):
        with loaded([path]) as log:
            found[path] = overview(log)
    if as_json:
        recordings = [
            {"path": path} | to_json(one) | {"findings": findings_from_one(one.findings)}
            for path, one in found.items()
        ]
        print_json(SCHEMA, {"recordings": recordings})
        return
    for number, (path, one) in enumerate(found.items()):
        if len(found) > 1:
            sys.stdout.write(f"{'' if number == 0 else chr(10)}{safe(path)}\n")
        _print(one)


def print_summary(found: Overview) -> None:
    """The first lines of all: how much there is, and how much is missing."""
    lines = (
        ("events", found.events),
        ("seconds", f"{found.seconds:.3f}"),
        ("sessions", len(found.sessions)),
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
    for finding in found.findings:
        where = f" (row {finding.row + 1})" if finding.row >= 0 else ""
        note(f"{finding.verdict}: {finding.message}{where}")
