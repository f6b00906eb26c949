"""Which token a server asks for."""

from __future__ import annotations

from pathlib import Path

from backend.errors import UserError
from backend.token_file import VARIABLE, given_token
from backend.wire.guard import TokenPolicy, is_loopback


def token_policy(host: str, token_file: Path | None = None, control: str | None = None) -> TokenPolicy:
    """The policy of a server on `host`: the token of the file, else of DOUBLETALK_TOKEN, if any.

    On loopback watching needs none, but a wrong one is refused. ``control`` is the token that lets control.

    Raises:
        UserError: the file cannot be read or holds no token, or `host` needs one and there is none; or both
            rights have the same.
    """
    token = given_token(token_file)
    if control is not None and control == token:
        raise UserError("watching and control have the same token: give control one of its own")
    if is_loopback(host):
        return TokenPolicy(token, control=control)
    if token is None:
        raise UserError(
            f"refusing to listen on {host} without a token: "
            f"give one with --token-file or {VARIABLE}, or listen on 127.0.0.1"
        )
    return TokenPolicy(token, required=True, control=control)
