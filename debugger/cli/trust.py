"""Whom to believe that a server over TLS is the one that is meant."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

CaOption = Annotated[
    Path | None,
    typer.Option("--ca", metavar="FILE", help="Trust the certificates in this file alone (wss://)."),
]


def ca_given(ca: Path | None) -> str | None:
    """As a `FeedSource` takes it, in whatever folder that runs."""
    return None if ca is None else str(ca.absolute())
