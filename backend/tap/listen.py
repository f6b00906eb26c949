"""A listening socket, or one line that says why not."""

from __future__ import annotations

import errno
import socket
import ssl
from pathlib import Path

from msgspec import Struct

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


class Tls(Struct, frozen=True):
    """A server's certificate, with those between it and its root, and its key, if that is in another file."""

    cert: Path
    key: Path | None = None

    @classmethod
    def given(cls, cert: Path | None, key: Path | None) -> Tls | None:
        """Of two options, of which none is no TLS.

        Raises:
            UserError: a key without a certificate.
        """
        if cert is None:
            if key is not None:
                raise UserError("--tls-key: a key without its certificate; give it with --tls-cert")
            return None
        return cls(cert, key)

    def context(self) -> ssl.SSLContext:
        """As `asyncio` takes it; TLS 1.2 at least.

        Raises:
            UserError: the files cannot be read, or are no certificate and its key without a password.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        for path in (self.cert, self.key or self.cert):
            try:
                with path.open("rb"):
                    pass
            except OSError as error:
                raise UserError(f"cannot read the TLS file {path}: {error.strerror}") from None
        try:
            # Never asks on the terminal: a key with a password is refused.
            context.load_cert_chain(self.cert, self.key, password=lambda: b"")
        except ssl.SSLError as error:
            raise UserError(self._wrong(error)) from None
        return context

    def _wrong(self, error: ssl.SSLError) -> str:
        reason = error.reason or ""
        if reason == "KEY_VALUES_MISMATCH":
            return f"the key in {self.key or self.cert} is not that of the certificate in {self.cert}"
        if self.key is None:
            return f"{self.cert} does not hold a certificate and its key in PEM: give the key with --tls-key"
        return (
            f"{self.cert} and {self.key} are no certificate and its key in PEM without a password "
            f"({reason.replace('_', ' ').lower() or 'not readable'})"
        )
