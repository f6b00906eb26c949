"""``doubletalk turns``: what was said, and how long it took."""

from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct

from debugger.cli.inspect.loading import loaded, recordings_in
from debugger.cli.inspect.printing import milliseconds, print_json, print_table, safe, terminal_width
from debugger.cli.inspect.rows import turn_from_one

if TYPE_CHECKING:
    from debugger.analysis.turns import LatencySummary, Turn

SCHEMA = "doubletalk.turns/1"
_NARROWEST = 20
_SPARE = ("ready", "end", "first_chunk", "end_of_speech", "transcript", "first_token")
"""Stages that a narrow terminal has no room for, the first of them first."""


def turns(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Recordings, or folders of them; - is stdin.")
    ],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List the turns of each recording: what was said, each step's time; only turns that ended well count."""
    from debugger.analysis.turns import TurnIndex  # noqa: PLC0415 - loads numpy

    found: list[_Turns] = []
    for path in recordings_in(paths):
        with loaded([path]) as log:
            index = TurnIndex(log)
            while not index.complete:
                index.advance(lambda: 0, 0)
            found.append(_Turns(path, tuple(map(turn_from_one, index.turns)), index.summary()))
    if as_json:
        print_json(SCHEMA, {"recordings": found})
        return
    for number, one in enumerate(found):
        if len(found) > 1:
            sys.stdout.write(f"{'' if number == 0 else chr(10)}{safe(one.path)}\n")
        _print(one.turns, one.latency)


class _Turns(Struct, frozen=True):
    path: str
    turns: tuple[Turn, ...]
    latency: LatencySummary


def _print(found: tuple[Turn, ...], summary: LatencySummary) -> None:
    if not found:
        sys.stderr.write("no turns in it\n")
        return
    stages = [name for name, spread in summary.stages.items() if spread.counted]
    rows = []
    for turn in found:
        took = {stage.until: stage.duration_ns for stage in turn.stages}
        rows.append(
            (
                f"{turn.session or '-'}·{'-' if turn.number is None else turn.number}",
                turn.status,
                milliseconds(turn.total_ns),
                *(milliseconds(took.get(name)) for name in stages),
                turn.said,
                turn.answered,
            )
        )
    numbers = range(2, 3 + len(stages))
    spare = [3 + stages.index(name) for name in _SPARE if name in stages]
    print_table(
        ("turn", "status", "total", *stages, "said", "answered"),
        rows,
        right=numbers,
        spare=(3 + len(stages) + 1, *spare),
    )
    total = summary.total
    left_out = ", ".join(f"{count} {kind}" for kind, count in summary.excluded.items() if count)
    told = (
        f"total p50 {milliseconds(total.p50_ns)} · p95 {milliseconds(total.p95_ns)} · "
        f"max {milliseconds(total.max_ns)} · {summary.counted} of {summary.turns} turns counted"
        f"{f'; left out: {left_out}' if left_out else ''}"
    )
    lines = textwrap.wrap(told, max(terminal_width() or len(told), _NARROWEST))
    sys.stdout.write("\n" + "".join(f"{line}\n" for line in lines))
