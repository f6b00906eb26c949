"""The commands of `doubletalk`: functions of their names, in modules that are loaded when asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

_MODULES: Final = {
    "demo": "debugger.cli.demo",
    "serve": "backend.cli.serve",
    "attach": "debugger.cli.view",
    "replay": "debugger.cli.view",
    "record": "debugger.cli.record",
    "check": "debugger.cli.check.command",
    "simulate": "debugger.cli.simulate.command",
    "explore": "debugger.cli.explore.command",
    "stats": "debugger.cli.inspect.stats",
    "turns": "debugger.cli.inspect.turns",
    "query": "debugger.cli.inspect.query",
    "show": "debugger.cli.inspect.show",
    "store": "debugger.cli.store.command",
    "bus": "backend.cli.bus",
    "doctor": "debugger.cli.doctor.command",
}
"""By command, in the order in which they are listed."""


_PLAIN: Final[dict[str, Any]] = {"pretty_exceptions_enable": False, "rich_markup_mode": None}


class _Commands(TyperGroup):
    """Makes a command when it is looked up: to prepare those of all takes as long as to check a recording."""

    def list_commands(self, ctx: Any) -> list[str]:
        """All names."""
        del ctx
        return list(_MODULES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a name; None for none."""
        if cmd_name not in _MODULES:
            for name in _MODULES:  # click says which of those that are there was meant
                self.get_command(ctx, name)
        elif cmd_name not in self.commands:
            alone = getattr(import_module(_MODULES[cmd_name]), cmd_name)
            if not isinstance(alone, typer.Typer):  # else it is a group of commands
                one, alone = alone, typer.Typer(add_completion=False, **_PLAIN)
                alone.command(cmd_name)(one)
            self.commands[cmd_name] = typer.main.get_command(alone)
        return self.commands.get(cmd_name)


app = typer.Typer(
    name="doubletalk",
    cls=_Commands,
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
