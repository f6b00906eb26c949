"""The options by which a time range is asked for, the same for each command that has them."""

from __future__ import annotations

from typing import Annotated

import typer

FromOption = Annotated[
    str | None, typer.Option("--from", metavar="TIME", help="Only events from then on: 2026-11-21T10:00.")
]
ToOption = Annotated[str | None, typer.Option("--to", metavar="TIME", help="Only events before then.")]
