"""The commands of `doubletalk`, each a function in a module of its own."""

from __future__ import annotations

from typing import Annotated

import typer

from backend.cli.serve import serve
from debugger.cli.check.command import check
from debugger.cli.demo import demo
from debugger.cli.explore.command import explore
from debugger.cli.inspect.query import query
from debugger.cli.inspect.show import show
from debugger.cli.inspect.stats import stats
from debugger.cli.inspect.turns import turns
from debugger.cli.record import record
from debugger.cli.simulate.command import simulate
from debugger.cli.view import attach, replay

app = typer.Typer(
    name="doubletalk",
    help="Debug voice assistants and other event-driven AI backends: live, from a recording, or in CI.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - reads what is installed

        typer.echo(f"doubletalk {version('doubletalk')}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    del show_version


app.command()(demo)
app.command()(serve)
app.command()(attach)
app.command()(replay)
app.command()(record)
app.command()(check)
app.command()(simulate)
app.command()(explore)
app.command()(stats)
app.command()(turns)
app.command()(query)
app.command()(show)
