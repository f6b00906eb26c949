"""Files of rules, as every command that judges takes them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

RulesOption = Annotated[
    list[Path] | None,
    typer.Option("--rules", metavar="FILE", help="Rules beside the built-in ones, in TOML."),
]
"""May be given again and again; a later file may change rules of an earlier one."""


def rules_given(files: list[Path] | None) -> tuple[tuple[str, str], ...]:
    """Their names and texts.

    Raises:
        UserError: one cannot be read, or has a mistake; where it is, and what may be meant.
    """
    if not files:
        return ()
    from debugger.checking.one import rule_files  # noqa: PLC0415 - loads numpy

    return rule_files(files)
