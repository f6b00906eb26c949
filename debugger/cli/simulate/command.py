"""The command and its options."""

from __future__ import annotations

import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from backend.errors import UserError
from backend.jsonl_file import JsonlFile
from debugger.cli.simulate.listing import listed
from debugger.cli.simulate.outcome import problems, summary
from debugger.cli.simulate.stdout import kept_clean
from debugger.cli.telling import note, tell

if TYPE_CHECKING:
    from backend.scenarios import Played, Scenario
    from backend.simulation import Tape

_FAILED = 1
_LARGEST_SEED = 2**63 - 1


class Variant(StrEnum):
    """Of a scenario."""

    FIXED = "fixed"
    BUGGY = "buggy"


class Format(StrEnum):
    """Of the list."""

    TEXT = "text"
    JSON = "json"


def simulate(  # noqa: PLR0913 - the options of a command
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME", help="A built-in scenario, FILE.py, FILE.py::NAME, or package.module:NAME."
        ),
    ] = None,
    *,
    variant: Annotated[
        Variant | None,
        typer.Option(metavar="VARIANT", help="fixed, which is the default, or buggy: with its bug."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            max=_LARGEST_SEED,
            help="For --random, and for the program's own random numbers.",
        ),
    ] = None,
    at_random: Annotated[
        bool | None,
        typer.Option(
            "--random/--plain",
            help="Which order: any, by the seed (the default with --seed); or asyncio's own (without).",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Where the recording goes: .jsonl, .jsonl.gz, .jsonl.zst."
        ),
    ] = None,
    tape: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the tape goes: all that was chosen.")
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(metavar="TAPE", help="Play again what is on this tape.")
    ] = None,
    thorough: Annotated[
        bool,
        typer.Option("--thorough", help="Look for clocks of the machine, too; takes 2 to 4 times as long."),
    ] = False,
    listing: Annotated[
        bool, typer.Option("--list", help="List the scenarios: the built-in ones, or those of NAME.")
    ] = False,
    form: Annotated[Format, typer.Option("--format", "-f", help="Of the list.")] = Format.TEXT,
) -> None:
    """Play a scenario once, in virtual time, and write its recording: to stdout if that is no terminal.

    doubletalk simulate barge-in-ignored --variant buggy --seed 4 -o found.jsonl

    The same seed is the same recording, byte for byte. Exits with 1 when the run went wrong in itself: it
    raised, hung, left tasks running, or did what cannot be simulated. What the rules say of the recording
    is for `doubletalk check`.
    """
    if listing:
        with kept_clean():
            told = listed(name, as_json=form is Format.JSON)
        sys.stdout.write(told)
        return
    if replay is not None and (at_random is not None or seed is not None):
        raise UserError("--replay plays what is on the tape: leave out --seed, --random and --plain")
    with kept_clean():
        played, about = (
            _replayed(name, variant, replay)
            if replay
            else _played(name, variant, seed, at_random, thorough=thorough)
        )
    raise typer.Exit(_written(played, about, output, tape))


def _played(
    name: str | None, variant: Variant | None, seed: int | None, at_random: bool | None, *, thorough: bool
) -> tuple[Played, str]:
    from backend.scenarios import Play  # noqa: PLC0415 - not for `doubletalk --help`
    from backend.scenarios.discovery import find_one  # noqa: PLC0415 - the same
    from backend.simulation import AtRandom, Plain  # noqa: PLC0415 - the same

    if name is None:
        raise UserError("name a scenario; `doubletalk simulate --list` lists the built-in ones")
    scenario = find_one(name).scenario
    if thorough:
        settings = msgspec.structs.replace(scenario.settings, thorough=True)
        scenario = replace(scenario, settings=settings)
    walks = at_random if at_random is not None else seed is not None
    strategy = AtRandom(seed or 0) if walks else Plain()
    meant = variant.value if variant else scenario.variants[0]
    played = Play(scenario, meant).run(strategy, seed=seed or 0)
    how = f"random order {seed or 0}" if walks else "asyncio's order"
    return played, f"{scenario.name} ({meant}), {how}"


def _replayed(name: str | None, variant: Variant | None, path: Path) -> tuple[Played, str]:
    from backend.scenarios import Play  # noqa: PLC0415 - not for `doubletalk --help`
    from backend.simulation import Tape  # noqa: PLC0415 - the same

    tape = Tape.load(path)
    scenario, meant = _of_tape(name, variant, tape)
    return Play(scenario, meant).replay(tape), f"{scenario.name} ({meant}), by {path}"


def _of_tape(name: str | None, variant: Variant | None, tape: Tape) -> tuple[Scenario, str]:
    from backend.scenarios.discovery import find, of_program  # noqa: PLC0415 - not for `doubletalk --help`

    among = None if name is None else [found.scenario for found in find(name)]
    if variant is not None and among is not None and len(among) == 1:
        return among[0], variant.value  # whether it is the tape's is told when it is played
    scenario, meant = of_program(tape.program, among)
    if variant not in (None, meant):
        raise UserError(f"the tape is of the {meant} variant of {scenario.name}, not of the {variant} one")
    return scenario, meant


def _written(played: Played, about: str, output: str | None, tape: Path | None) -> int:
    """Write what is to be written, and say on stderr what came of the run; returns the exit code."""
    if output is None and not sys.stdout.isatty():
        output = "-"
    if output is not None:
        sys.stdout.flush()
        with JsonlFile(output) as file:
            file.write(played.recording)
    if tape is not None:
        played.run.tape.save(tape)
    where = "" if output is None else " to stdout" if output == "-" else f" in {output}"
    note(f"{about}: {summary(played)}{where or ' (-o FILE keeps them)'}")
    found = problems(played)
    for problem in found:
        tell(problem)
    return _FAILED if found else 0
