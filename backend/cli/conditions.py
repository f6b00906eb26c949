"""Options for the conditions a session runs under, the same for `serve` and `demo`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer


def _list_guards(wanted: bool) -> None:
    if not wanted:
        return
    from backend.assistant.conditions import DELAYS  # noqa: PLC0415 - loads the assistant
    from backend.assistant.guards import GUARDS  # noqa: PLC0415

    typer.echo("Guards of the assistant, each with the rule that is broken without it:\n")
    for guard, kept in GUARDS.items():
        typer.echo(f"{guard}  [{kept.rule}]\n    with:    {kept.does}\n    without: {kept.without}")
    typer.echo("\nDelays, in milliseconds:\n")
    for delay, about in DELAYS.items():
        typer.echo(f"{delay:<16}  {about}")
    raise typer.Exit


Without = Annotated[
    list[str] | None,
    typer.Option("--without", metavar="GUARD", help="Put a race in: take a guard away; repeatable."),
]
Delays = Annotated[
    list[str] | None,
    typer.Option("--delay", metavar="NAME=MS", help="Make a part slow, such as tts_connect=300; repeatable."),
]
ListGuards = Annotated[
    bool,
    typer.Option("--list-guards", callback=_list_guards, is_eager=True, help="Tell the guards and delays."),
]


def delays_of(options: Sequence[str] | None) -> dict[str, float] | None:
    """What ``--delay`` gave, or None for nothing.

    Raises:
        UserError: an option is no ``NAME=MS``.
    """
    from backend.assistant.conditions import delays_given  # noqa: PLC0415 - loads the assistant

    return delays_given(options) if options else None
