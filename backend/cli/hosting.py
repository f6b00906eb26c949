"""Puts a backend's feed on the network for as long as it runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.compose import Backend
from backend.gateway import Gateway
from backend.gateway.tokens import token_policy
from backend.tap.listen import Tls
from backend.token_file import (
    CONTROL_VARIABLE,
    given_token,
    new_token,
    remove_run_token,
    run_token_path,
    write_run_token,
)


@asynccontextmanager
async def hosted(
    backend: Backend, token_file: Path | None = None, *, control: ControlToken | None = None
) -> AsyncIterator[str]:
    """Serve the backend's hub; gives the base URL. Enter it before the backend, so that nothing is missed.

    With ``control`` it can be controlled, too; a token made for this run lies where this user's own
    debuggers find it.

    Raises:
        UserError: the port is taken, or the address needs a token and there is none.
    """
    settings = backend.settings
    policy = token_policy(settings.host, token_file, None if control is None else control.text)
    gateway = Gateway(
        backend.hub,
        settings.host,
        settings.port,
        policy=policy,
        hosts=settings.known_as,
        assistant_info=backend.info,
        operations=backend.operations,
        tls=Tls.given(settings.tls_cert, settings.tls_key),
    )
    async with gateway:
        if control is None or not control.of_this_run:
            yield gateway.url
            return
        write_run_token(gateway.port, policy.token, control.text)
        try:
            yield gateway.url
        finally:
            remove_run_token(gateway.port)


@dataclass(frozen=True, slots=True)
class ControlToken:
    """The token that lets control: given by the user, or made for one run."""

    text: str
    of_this_run: bool

    @classmethod
    def given(cls, token_file: Path | None) -> ControlToken:
        """That of the file, else of DOUBLETALK_CONTROL_TOKEN, else a new one.

        Raises:
            UserError: the file cannot be read, or what is in it is no token.
        """
        token = given_token(token_file, variable=CONTROL_VARIABLE)
        return cls(new_token(), of_this_run=True) if token is None else cls(token, of_this_run=False)

    def where(self, port: int) -> str:
        """Where who wants to control finds it."""
        return (
            f"its token is in {run_token_path(port)}" if self.of_this_run else "with the token that you gave"
        )
