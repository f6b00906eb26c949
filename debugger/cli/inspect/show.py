"""``doubletalk show``: the world at one moment."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from backend.errors import UserError
from debugger.cli.inspect.findings import show_findings
from debugger.cli.inspect.loading import loaded
from debugger.cli.inspect.printing import cut, milliseconds, print_json, print_table, safe
from debugger.cli.inspect.rows import turn_from_one
from debugger.cli.rules import RulesOption, rules_given

if TYPE_CHECKING:
    from debugger.analysis.world import Ref, World

SCHEMA = "doubletalk.moment/1"
_SHOWN = 12
_LOOKED_AT = 1_000  # names that one is compared with
_LONGEST = 60


def show(
    path: Annotated[str, typer.Argument(metavar="FILE[#MOMENT]", help="A recording; FILE#seq=812.")],
    *,
    at: Annotated[
        str, typer.Option(metavar="MOMENT", help="A seq, 10:02:03.4, 50%, turn=3, id=…; default: the end.")
    ] = "",
    component: Annotated[
        str | None, typer.Option(help="Only this one, with who last changed each field of its state.")
    ] = None,
    findings: Annotated[
        bool, typer.Option("--findings", help="Instead, what the findings pane lists: of all of it.")
    ] = False,
    rules: RulesOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show a moment: the event, its causes and effects, what runs, each component's state, the turn."""
    if findings:
        show_findings(path, rules_given(rules), as_json=as_json)
        return
    if rules:
        raise UserError("--rules is of --findings: give both")
    from debugger.analysis.world import world_at  # noqa: PLC0415 - loads numpy
    from debugger.log.moment import MomentError, parse_link, row_of  # noqa: PLC0415

    link = parse_link(path)
    moment = at or link.moment
    with loaded([link.path]) as log:
        if not len(log):
            raise UserError(f"{link.path}: nothing happened in it")
        try:
            row = row_of(log, moment, 0) if moment else len(log) - 1
        except MomentError as error:
            raise UserError(str(error)) from None
        if component is not None and component not in log.topology.components:
            raise UserError(_no_component(component, log.topology.components))
        found = world_at(log, row, component=component)
    if found.turn is not None:
        found = replace(found, turn=turn_from_one(found.turn))
    if as_json:
        print_json(SCHEMA, found)
    else:
        _print(found)


def _no_component(name: str, components: Sequence[str]) -> str:
    """What to write instead: the nearest name, and some of those that there are."""
    near = difflib.get_close_matches(name, components[:_LOOKED_AT], 1)
    meant = f"; did you mean {near[0]}?" if near else ""
    known = ", ".join(one if len(one) <= _LONGEST else one[:_LONGEST] + "…" for one in components[:_SHOWN])
    more = len(components) - _SHOWN
    return f"no component {name!r} in it{meant}; there are {known}{f' and {more:,} more' if more > 0 else ''}"


def _print(found: World) -> None:
    event = found.event
    head = " ".join(str(event.get(name) or "") for name in ("component", "event_type", "message_type"))
    sys.stdout.write(f"row {found.row} of {found.rows}: {safe(head)}\n")
    for name in ("id", "session_id", "turn", "correlation_id", "task", "data"):
        if event.get(name) not in (None, {}, ""):
            sys.stdout.write(cut(f"  {name:<15}{_json(event[name])}") + "\n")
    _print_refs("cause", found.causes)
    _print_refs("effect", found.effects)
    _print_refs("running", found.running)
    if found.turn is not None:
        turn = found.turn
        told = (
            f"turn {safe(turn.session or '-')}·{turn.number} {turn.status}, "
            f"total {milliseconds(turn.total_ns)}: {safe(turn.said)} → {safe(turn.answered)}"
        )
        sys.stdout.write(f"\n{cut(told)}\n")
    sys.stdout.write("\n")
    rows = [
        (
            one.component,
            one.sent,
            one.received,
            one.failed,
            "" if one.snapshot is None else f"#{one.snapshot.seq or one.snapshot.row}",
            _json(one.state) if one.snapshot is not None else "",
            ", ".join(one.changed),
        )
        for one in found.components
    ]
    print_table(
        ("component", "sent", "received", "failed", "since", "state", "changed"), rows, right=(1, 2, 3)
    )
    changes = [change for one in found.components for change in one.fields]
    if changes:
        sys.stdout.write("\n")
        print_table(
            ("field", "", "by", "because of"),
            [(change.field, change.kind, _ref(change.by), _ref(change.because_of)) for change in changes],
        )


def _print_refs(name: str, refs: tuple[Ref, ...]) -> None:
    for one in refs[:_SHOWN]:
        sys.stdout.write(cut(f"{name:<10}{safe(_ref(one))}") + "\n")
    if len(refs) > _SHOWN:
        sys.stdout.write(f"{name:<10}and {len(refs) - _SHOWN} more\n")


def _ref(one: Ref | None) -> str:
    if one is None:
        return ""
    return f"#{one.row if one.seq is None else one.seq} {one.component} {one.message_type or one.event_type}"


def _json(value: object) -> str:
    from debugger.tui.text import value_text  # noqa: PLC0415 - loads rich

    return value_text(value)
