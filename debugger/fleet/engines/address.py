"""Whether anybody listens where a cluster is said to be: the libraries try for a minute to find out."""

from __future__ import annotations

import socket

from backend.errors import UserError

CONNECT_SECONDS = 10


def must_answer(where: str, address: str, who: str) -> None:
    """Connect to ``HOST:PORT`` and go again.

    Raises:
        UserError: nobody listens.
    """
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
    except OSError as error:
        told = error.strerror or str(error) or type(error).__name__
        raise UserError(f"{where}: no {who} answers there: {told}") from None
