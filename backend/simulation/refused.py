"""What a loop can do that no tape can hold: refused by name, at the line that asks for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backend.simulation.errors import EscapeError

INSTEAD_OF_IO = "simulate what is outside: `backend.simulation.duplex` for a connection, `takes` for its time"
_SIGNALS = "call what the handler would call"

_REFUSED = {
    INSTEAD_OF_IO: (
        "add_reader remove_reader add_writer remove_writer sock_recv sock_recv_into sock_recvfrom "
        "sock_recvfrom_into sock_sendall sock_sendto sock_connect sock_accept sock_sendfile sendfile "
        "start_tls getaddrinfo getnameinfo create_connection create_server create_unix_connection "
        "create_unix_server create_datagram_endpoint connect_accepted_socket connect_read_pipe "
        "connect_write_pipe subprocess_exec subprocess_shell"
    ),
    _SIGNALS: "add_signal_handler remove_signal_handler",
}


class RefusedIO:
    """Methods of a loop that raise `EscapeError`."""

    def escape(self, what: str, instead: str) -> EscapeError:
        """See `SimulatedLoop.escape`."""
        raise NotImplementedError


def _refusing(name: str, instead: str) -> Callable[..., Any]:
    def refuse(self: RefusedIO, *_args: object, **_kwargs: object) -> Any:
        raise self.escape(f"loop.{name}", instead)

    refuse.__name__ = name
    refuse.__doc__ = "Refused: real input and output."
    return refuse


for _instead, _names in _REFUSED.items():
    for _name in _names.split():
        setattr(RefusedIO, _name, _refusing(_name, _instead))
