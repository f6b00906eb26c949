"""What was asked for, and whether that makes sense."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from backend.errors import UserError
from debugger.checking.one import rule_files
from debugger.explore.oracle import Oracle

SCHEDULES = 1_000


class Options(Struct, frozen=True):
    """Of the command line."""

    names: tuple[str, ...]
    every: bool
    variant: str | None
    schedules: int | None
    seconds: float | None
    seed: int
    jobs: int
    out: Path
    corpus: Path | None
    rules: tuple[Path, ...]
    predicted: str | None
    as_json: bool
    replay: Path | None
    output: Path | None
    resume: Path | None

    @property
    def most_schedules(self) -> int | None:
        """Of each; None where only seconds end it."""
        if self.schedules is None:
            return SCHEDULES if self.seconds is None else None
        return self.schedules

    def oracle(self) -> Oracle:
        """With the rules that were given.

        Raises:
            UserError: one cannot be read, or has a mistake.
        """
        return Oracle(rule_files(self.rules))


def refuse_nonsense(asked: Options) -> None:
    """What cannot be meant.

    Raises:
        UserError: what, and what to say instead.
    """
    if asked.every and asked.names:
        raise UserError("--all is all that are built in: give it or names, not both")
    if not asked.every and not asked.names:
        raise UserError("name a scenario, or give --all; doubletalk simulate --list names them")
    if asked.schedules is not None and asked.schedules < 1:
        raise UserError(f"--schedules {asked.schedules}: nothing would be run; 1 is the plain run alone")
    if asked.seconds is not None and not 0 < asked.seconds < float("inf"):
        raise UserError(f"--seconds {asked.seconds:g}: a budget is more than 0 seconds, and not for ever")
    if asked.predicted is not None and (asked.every or len(asked.names) != 1):
        raise UserError("--from RECORDING is of one scenario: name that one")
