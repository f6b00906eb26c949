"""The command and its options."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backend.errors import UserError

if TYPE_CHECKING:
    from debugger.cli.explore.options import Options

OUT = Path(".doubletalk") / "explored"


class Format(StrEnum):
    """Of what is printed."""

    TEXT = "text"
    JSON = "json"


def explore(  # noqa: PLR0913 - the options of a command
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SCENARIO...",
            help="Names (doubletalk simulate --list), files of scenarios, or FILE.py::NAME.",
        ),
    ] = None,
    *,
    every: Annotated[
        bool, typer.Option("--all", help="All that are built in, in both variants; 0 if each is as it says.")
    ] = False,
    variant: Annotated[
        str | None, typer.Option(metavar="fixed|buggy", help="Only this one; all that there are otherwise.")
    ] = None,
    schedules: Annotated[
        int | None,
        typer.Option(metavar="N", help="At most so many runs of each; 1,000 if no budget is given."),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(metavar="S", help="At most so many real seconds for all together.")
    ] = None,
    seed: Annotated[
        int, typer.Option(metavar="N", min=0, max=2**63 - 1, help="Another seed, other schedules.")
    ] = 0,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="Processes; 0: one a core.")] = 0,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where a folder is put for each that fails.")
    ] = OUT,
    corpus: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Tapes of before, run first; what is found is added to it."),
    ] = None,
    rules: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Rules beside the built-in ones, in TOML.")
    ] = None,
    predicted: Annotated[
        str | None,
        typer.Option("--from", metavar="RECORDING", help="Try first what `check` predicts of a recording."),
    ] = None,
    form: Annotated[Format, typer.Option("--format", "-f", help="What is printed.")] = Format.TEXT,
    replay: Annotated[
        Path | None,
        typer.Option(metavar="TAPE", help="Run a saved tape, and say if it still fails."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="With --replay: its recording.")
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep there what is done, and go on from it when it was stopped."),
    ] = None,
) -> None:
    """Run scenarios under other schedules, until one fails or the budget is used up.

    doubletalk explore lost-update --schedules 500

    doubletalk explore scenarios/ --seconds 120 --corpus tapes

    Says of each: confirmed, with the schedule that does it, shrunk, and how to see it; or how many schedules
    found nothing, and what that is worth. Exits with 1 when one fails; with --all, when one is not as its
    variant says.
    """
    from debugger.cli.explore.options import Options  # noqa: PLC0415 - loads numpy

    asked = Options(
        names=tuple(scenarios or ()),
        every=every,
        variant=variant,
        schedules=schedules,
        seconds=seconds,
        seed=seed,
        jobs=jobs,
        out=out,
        corpus=corpus,
        rules=tuple(rules or ()),
        predicted=predicted,
        as_json=form is Format.JSON,
        replay=replay,
        output=output,
        resume=resume,
    )
    raise typer.Exit(_run(asked))


def _run(asked: Options) -> int:
    if asked.output is not None and asked.replay is None:
        raise UserError("-o is for the recording of a tape: give it with --replay TAPE (and --out DIR else)")
    if asked.replay is not None:
        from debugger.cli.explore.replaying import run_replay  # noqa: PLC0415 - loads numpy

        return run_replay(asked)
    from debugger.cli.explore.exploring import run_explore  # noqa: PLC0415 - loads numpy

    return run_explore(asked)
