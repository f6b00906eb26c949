"""A live feed as a stream of updates: connects, reconnects, resumes; nothing twice, any loss named."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit, urlunsplit

from msgspec import Struct
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidStatus

from backend.errors import UserError
from backend.wire.client import (
    ControlAnswered,
    ControlChanged,
    EventsReceived,
    FeedClient,
    GapReceived,
    HelloReceived,
    NotUnderstood,
    Position,
    ServerRefused,
    SourceChanged,
    StatesReceived,
)
from backend.wire.frames import Hello, Subscribe, one_line
from backend.wire.guard import is_loopback
from debugger.sources.control import Voice

DEFAULT_PORT: Final = 8765
PATH: Final = "/ws/events"

FIRST_DELAY: Final = 0.1
LAST_DELAY: Final = 5.0
"""Seconds before the first and, doubled each time, the later attempts to connect again."""

SILENT_SECONDS: Final = 5.0
"""A server that has not answered by then is told of. It may still have nothing to say, and need not greet."""

PING_SECONDS = 20.0
"""A server that says nothing for so long is asked for a sign of life, and has as long again to give it."""

EVERYTHING: Final = Subscribe(since_seq=0, batch=True, states=True)
"""All of the history, with the state of components that it says nothing of."""

_OPEN_SECONDS = 5.0
_MAX_FRAME = 64 * 1024 * 1024  # a frame is 64 KiB unless one event is larger
_QUEUED_FRAMES = 16  # beyond it the socket is not read, and the server's bounded queue takes over
_BODY = 200  # characters of a refusal's body that are looked at
_COME_IN = "give one with --token-file or DOUBLETALK_TOKEN; for control, with --control-token-file"


class Connected(Struct, frozen=True):
    """The server at ``url`` greeted. ``again`` is true but for the first time."""

    url: str
    hello: Hello
    again: bool


class Disconnected(Struct, frozen=True):
    """No connection, and why in one line; tried again in ``retry_in`` seconds, or never if that is None."""

    reason: str
    retry_in: float | None


class Silent(Struct, frozen=True):
    """The server at ``url`` took the connection, but has said nothing since. It is still listened to."""

    url: str
    seconds: float

    @property
    def message(self) -> str:
        """What, where, and what to do."""
        return (
            f"{self.url} took the connection, but has said nothing for {self.seconds:.3g} s: "
            f"is it a feed, and its path {PATH}? Still listening"
        )


Update = (
    Connected
    | Disconnected
    | Silent
    | EventsReceived
    | GapReceived
    | StatesReceived
    | SourceChanged
    | NotUnderstood
    | ServerRefused
    | ControlAnswered
    | ControlChanged
)


class Asked(Struct, frozen=True):
    """All that makes a `FeedSource`: its arguments, and where it goes on."""

    url: str
    token: str | None
    wanted: Subscribe
    first_delay: float
    last_delay: float
    position: Position
    ca: str | None = None
    history: int | None = None
    """Of a stream: events that are read of those that are there; None: all."""


class FeedSource:
    """Iterate over it: ``async for update in FeedSource("127.0.0.1:8765")``.

    The iteration ends after a `Disconnected` without ``retry_in``: what was refused would be
    refused again. Everything else is tried again for ever. A consumer that is slow slows the socket;
    nothing is held here but `_QUEUED_FRAMES` frames.

    A feed over TLS (``wss://``) is trusted by the system's certificates, or only by those in the file ``ca``.

    Raises:
        UserError: from the constructor: ``url`` is none, or ``ca`` has no certificates.
    """

    def __init__(
        self,
        url: str = f"127.0.0.1:{DEFAULT_PORT}",
        token: str | None = None,
        *,
        wanted: Subscribe | None = None,
        first_delay: float = FIRST_DELAY,
        last_delay: float = LAST_DELAY,
        position: Position | None = None,
        ca: str | None = None,
    ) -> None:
        self.url = feed_url(url)
        self.client = FeedClient(wanted, position)
        self._token = token
        self._ca = ca
        self._trust = trusting(ca) if self.url.startswith("wss:") else None
        self._first_delay = first_delay
        self._last_delay = last_delay
        self._voice = Voice()

    def say(self, frame: str) -> bool:
        """Send the server a frame; whether it is connected."""
        return self._voice.say(frame)

    @property
    def asked(self) -> Asked:
        """What makes another source that goes on where this one is."""
        client = self.client
        delays = self._first_delay, self._last_delay
        return Asked(self.url, self._token, client.wanted, *delays, client.position, self._ca)

    @classmethod
    def of(cls, asked: Asked) -> FeedSource:
        """The source that is meant."""
        delays: dict[str, float] = {"first_delay": asked.first_delay, "last_delay": asked.last_delay}
        return cls(
            asked.url, asked.token, wanted=asked.wanted, position=asked.position, ca=asked.ca, **delays
        )

    async def __aiter__(self) -> AsyncIterator[Update]:
        """The updates, as they come."""
        async for updates in self.frames():
            for update in updates:
                yield update

    async def frames(self) -> AsyncIterator[list[Update]]:
        """The updates of one frame after the other: in between, ``client.position`` is behind all of them."""
        delay = self._first_delay
        while True:
            try:
                async with self._connect() as connection:
                    await connection.send(self.client.opening().decode())
                    self._voice.use(connection)
                    async for updates in self._updates(connection):
                        delay = self._first_delay
                        yield updates
                reason = _closed(connection)
            except ConnectionClosed:
                reason = _closed(connection)
            except InvalidStatus as refusal:
                reason = self._refused(refusal)
                if refusal.response.status_code < 500:  # noqa: PLR2004 - HTTP: the client's to change
                    yield [Disconnected(reason, None)]
                    return
            except ssl.SSLCertVerificationError as error:
                yield [Disconnected(self._untrusted(error), None)]
                return
            except TimeoutError:
                reason = f"{self.url} does not answer"
            except (OSError, InvalidHandshake) as error:
                reason = self._unreachable(error)
            finally:
                self._voice.use(None)
            yield [Disconnected(reason, delay)]
            await asyncio.sleep(delay)
            delay = min(delay * 2, self._last_delay)

    def _connect(self) -> connect:
        host = urlsplit(self.url).hostname or ""
        local: dict[str, Any] = {"proxy": None} if is_loopback(host) else {}
        return connect(
            self.url,
            additional_headers=None if self._token is None else {"Authorization": f"Bearer {self._token}"},
            compression=None,
            open_timeout=_OPEN_SECONDS,
            ping_interval=PING_SECONDS,
            ping_timeout=PING_SECONDS,
            close_timeout=1,
            max_size=_MAX_FRAME,
            max_queue=_QUEUED_FRAMES,
            ssl=self._trust,
            **local,
        )

    async def _updates(self, connection: ClientConnection) -> AsyncIterator[list[Update]]:
        patience: float | None = SILENT_SECONDS
        while True:
            try:
                async with asyncio.timeout(patience):
                    frame = await connection.recv(decode=False)
            except ConnectionClosed:
                return
            except TimeoutError:
                patience = None
                yield [Silent(self.url, SILENT_SECONDS)]
                continue
            patience = None
            yield [
                Connected(self.url, received.hello, again=not received.first)
                if isinstance(received, HelloReceived)
                else received
                for received in self.client.receive(frame)
            ]

    def _refused(self, refusal: InvalidStatus) -> str:
        response = refusal.response
        told = (
            one_line(bytes(response.body or b"")[:_BODY].decode("utf-8", "replace")) or response.reason_phrase
        )
        if response.status_code == 404:  # noqa: PLR2004 - HTTP
            return f"no feed at {self.url}: the path is usually {PATH}"
        if response.status_code == 401:  # noqa: PLR2004 - HTTP
            told = f"{told}: {_COME_IN}"
        return f"{self.url} refuses: {told}"

    def _untrusted(self, error: ssl.SSLCertVerificationError) -> str:
        hint = ": if that is its certificate, give it with --ca FILE" if self._ca is None else ""
        return f"{self.url} is not trusted ({one_line(error.verify_message)}){hint}"

    def _unreachable(self, error: Exception) -> str:
        if isinstance(error, ConnectionRefusedError) or "Connect call failed" in str(error):
            return f"nothing listens on {urlsplit(self.url).netloc}"
        if isinstance(error, ssl.SSLError):
            return f"{self.url} does not speak TLS: it may be a ws:// URL"
        if isinstance(error, InvalidMessage | EOFError):
            return f"{self.url} does not speak WebSocket"
        return f"cannot reach {self.url}: {one_line(getattr(error, 'strerror', None) or error)}"


def trusting(ca: str | None) -> ssl.SSLContext:
    """What a server over TLS is checked by: certificates of a file, or the system's.

    Raises:
        UserError: the file cannot be read, or has none.
    """
    try:
        return ssl.create_default_context(cafile=ca)
    except ssl.SSLError:
        raise UserError(f"{ca} has no certificate in PEM") from None
    except OSError as error:
        raise UserError(f"cannot read the certificates in {ca}: {error.strerror}") from None


def _closed(connection: ClientConnection) -> str:
    code, reason = connection.close_code, connection.close_reason
    if code is None or code == 1006:  # noqa: PLR2004 - RFC 6455: no close frame came
        return "the connection broke"
    return f"the server closed the connection ({code}{f' {one_line(reason)}' if reason else ''})"


def feed_url(text: str) -> str:
    """The WebSocket URL that `text` means: a port, host, host:port, http(s) or ws(s) URL.

    Without a port and a scheme the port is `DEFAULT_PORT`; without a path it is `PATH`.

    Raises:
        UserError: it means none of these.
    """
    given = text.strip()
    if given.isdecimal():
        given = f"127.0.0.1:{given}"
    bare = "://" not in given
    try:
        parts = urlsplit(f"ws://{given}" if bare else given)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, SplitResult("", "", "", "", "")
    scheme = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}.get(parts.scheme)
    if (
        scheme is None
        or not host
        or port == 0
        or any(not char.isprintable() or char == " " for char in given)
    ):
        raise UserError(
            f"{one_line(text)!r} is no feed: give something like 127.0.0.1:{DEFAULT_PORT} "
            f"or ws://host:port{PATH}"
        )
    if parts.username is not None or parts.password is not None:
        raise UserError(
            "no names or passwords in the URL: give the token with --token-file or DOUBLETALK_TOKEN"
        )
    if bare and port is None:
        port = DEFAULT_PORT
    name = f"[{host}]" if ":" in host else host
    netloc = name if port is None else f"{name}:{port}"
    return urlunsplit((scheme, netloc, parts.path if parts.path not in {"", "/"} else PATH, parts.query, ""))
