"""The right to control, on the command line of `attach`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from backend.errors import UserError
from backend.mux.transports import is_bus_url, shown
from backend.token_file import CONTROL_VARIABLE, find_control_token, given_token
from backend.wire.guard import is_loopback

ControlOption = Annotated[
    bool,
    typer.Option(
        "--control",
        help="Take the right to hold the bus, from this user's own serve --control or by its token.",
    ),
]
ControlTokenOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help=f"A file with the token for --control; else {CONTROL_VARIABLE}."),
]


@dataclass(frozen=True, slots=True)
class Controlling:
    """That control is wanted, and perhaps a file with the token for it."""

    token_file: Path | None = None

    def tokens(self, addresses: Sequence[str]) -> list[str | None]:
        """The token for control of each feed: the one given, else what this user's server there left.

        Raises:
            UserError: there is none for one of them, or it is a stream, which nobody controls.
        """
        for address in addresses:
            if is_bus_url(address):
                raise UserError(f"{shown(address)} is a stream: attach to the program itself to control it")
        given = given_token(self.token_file, variable=CONTROL_VARIABLE)
        return [given or _of_this_user(address) for address in addresses]


def _of_this_user(address: str) -> str:
    parts = urlsplit(address)
    here = is_loopback(parts.hostname or "") and parts.port is not None
    token = find_control_token(parts.port) if here and parts.port is not None else None
    if token is None:
        raise UserError(
            f"no token for control of {parts.netloc}: start it with  serve --control  as this user, "
            f"or give its token with --control-token-file or {CONTROL_VARIABLE}"
        )
    return token
