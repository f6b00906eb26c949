"""A listening socket, or one line that says why not."""

from __future__ import annotations

import errno
import socket

from backend.errors import UserError

_LAST_PORT = 65_535  # beyond it, getaddrinfo takes the port modulo 65536


def listening_socket(host: str, port: int) -> socket.socket:
    """Bind and listen on `host`:`port` (0: any free port), before any server is built on it.

    Raises:
        UserError: the port is taken, the address is not this machine's, or not allowed.
    """
    if not 0 <= port <= _LAST_PORT:
        raise UserError(f"cannot listen on {host}:{port}: ports go from 1 to {_LAST_PORT}, 0 is any free one")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError, OverflowError) as error:
        raise UserError(f"cannot listen on {host}:{port}: {_reason(error)}") from None
    listener = socket.socket(family, kind, protocol)
    try:
        # A server that was stopped a moment ago must not keep its port for a minute.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
        listener.setblocking(False)
    except (OSError, OverflowError) as error:
        listener.close()
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise UserError(
                f"port {port} on {host} is taken: stop what listens there, or choose another with --port"
            ) from None
        raise UserError(f"cannot listen on {host}:{port}: {_reason(error)}") from None
    return listener


def address_of(listener: socket.socket) -> str:
    """``host:port`` as it goes into a URL."""
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
