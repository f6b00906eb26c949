"""One connection to a NATS server: made when it is needed, and anew when it was lost; its errors as ours."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, TypeVar

from nats import errors as wrong
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js import errors as js_wrong

from backend.mux.brokers import Address
from backend.mux.protocol import MuxAwayError, MuxError, MuxRefusedError, MuxTooLargeError
from backend.wire.frames import one_line

T = TypeVar("T")

_CONNECT_SECONDS: Final = 5
ANSWER_SECONDS: Final = 10.0
"""A server that says nothing for so long (beyond what it was asked to wait) is away."""
_PING_SECONDS: Final = 10
_SERVER_FAULT: Final = 500


class GoneError(Exception):
    """The stream or consumer that was asked is not there (any more): look again."""


class Session:
    """A connection while it lives, and what is known of the server since it was made."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.client = Client()
        self.js: JetStreamContext = self.client.jetstream(timeout=ANSWER_SECONDS)
        self.created: dict[str, int] = {}
        """Streams that are known to be there, since when (µs since the epoch)."""
        self.alive = False
        self.trouble: asyncio.Future[MuxError] = asyncio.get_running_loop().create_future()
        self._last_error = ""

    async def open(self, address: Address) -> None:
        """Reach one of the servers."""
        token = address.user if address.password is None else None
        try:
            async with asyncio.timeout(_CONNECT_SECONDS * (len(address.hosts) + 1)):
                await self.client.connect(
                    [f"nats://{host}" for host in address.hosts],
                    name="doubletalk",
                    user=None if token else address.user,
                    password=address.password,
                    token=token,
                    tls=address.tls,
                    connect_timeout=_CONNECT_SECONDS,
                    # A lost connection is told at once to whoever waits, and made anew by who asks next.
                    allow_reconnect=False,
                    max_reconnect_attempts=1,
                    reconnect_time_wait=0,
                    ping_interval=_PING_SECONDS,
                    error_cb=self._on_error,
                    closed_cb=self._on_closed,
                )
        except (wrong.Error, OSError, TimeoutError, ValueError) as error:
            await self.close()
            raise self.told(error) from None
        self.alive = True

    async def close(self) -> None:
        """Let go of the connection; whoever waits is told."""
        with suppress(wrong.Error, OSError, TimeoutError):
            async with asyncio.timeout(1.0):
                await self.client.close()
        await self._on_closed()

    async def _on_error(self, error: Exception) -> None:
        self._last_error = one_line(error, 160)
        if "permissions violation" in self._last_error.lower():
            trouble, self.trouble = self.trouble, asyncio.get_running_loop().create_future()
            trouble.set_result(self._refused(self._last_error.removeprefix("nats: ")))

    async def _on_closed(self) -> None:
        self.alive = False
        if not self.trouble.done():
            self.trouble.set_result(MuxAwayError(f"lost the connection to {self.name}"))

    def told(self, error: Exception) -> MuxError:  # noqa: PLR0911 - one answer for each kind of error
        """What went wrong, in words of ours."""
        text = one_line(error, 160).removeprefix("nats: ")
        if "authorization violation" in text.lower() or isinstance(error, wrong.AuthorizationError):
            return self._refused("wrong or missing user and password")
        if isinstance(error, js_wrong.APIError):
            return self._told_by_jetstream(error)
        if isinstance(error, wrong.MaxPayloadError):
            return MuxTooLargeError(
                f"{self.name} takes entries of {self.client.max_payload:,} bytes at most: send fewer events "
                "an entry, or give the server a larger max_payload"
            )
        if isinstance(error, wrong.SecureConnRequiredError | wrong.SecureConnWantedError):
            return MuxRefusedError(f"{self.name}: {text}; TLS is asked for by ?tls=true&ca=FILE")
        if isinstance(error, wrong.NoServersError | OSError) and not isinstance(error, TimeoutError):
            why = self._last_error or text
            if "certificate" in why.lower() or "ssl" in why.lower():
                return MuxRefusedError(f"{self.name}: {why}; TLS is asked for by ?tls=true&ca=FILE")
            return MuxAwayError(f"cannot reach {self.name}: {why}")
        if isinstance(error, TimeoutError):  # of asyncio, and the client's own
            return MuxAwayError(f"{self.name} does not answer")
        return MuxAwayError(f"lost the connection to {self.name}: {text or type(error).__name__}")

    def _told_by_jetstream(self, error: js_wrong.APIError) -> MuxError:
        text = one_line(error.description or "", 160)
        if error.code is None:
            return MuxRefusedError(f"{self.name} has no JetStream: start it with nats-server --jetstream")
        if error.code >= _SERVER_FAULT:
            return MuxAwayError(f"{self.name} says: {text}")
        return MuxRefusedError(f"{self.name} refuses: {text}")

    def _refused(self, why: str) -> MuxRefusedError:
        return MuxRefusedError(
            f"{self.name} refuses: {why}; a user and password go into the URL: nats://USER:PASSWORD@HOST"
        )


class Link:
    """The way to the server: `ask` connects where there is no connection."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._session: Session | None = None
        self._opening = asyncio.Lock()

    async def session(self) -> Session:
        """The connection, made if there is none."""
        async with self._opening:
            if self._session is None or not self._session.alive:
                session = Session(self._address.name)
                await session.open(self._address)
                self._session = session
            return self._session

    async def close(self) -> None:
        """Let go of it."""
        if self._session is not None:
            await self._session.close()

    async def ask(
        self, do: Callable[[Session], Awaitable[T]], wait: float = 0.0, session: Session | None = None
    ) -> T:
        """What the server answers, its errors as ours; told at once when the connection is lost.

        Raises:
            MuxError: or `GoneError`, from `do`.
        """
        session = session or await self.session()
        trouble = session.trouble
        task = asyncio.ensure_future(_run(do, session))
        try:
            either: list[asyncio.Future[Any]] = [task, trouble]
            await asyncio.wait(either, timeout=ANSWER_SECONDS + wait, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise trouble.result() if trouble.done() else session.told(TimeoutError())
            return await task
        except (wrong.Error, OSError, TimeoutError) as error:
            if trouble.done() and isinstance(error, wrong.Error):
                raise trouble.result() from None
            raise session.told(error) from None
        finally:
            if not task.done():
                task.cancel()
                task.add_done_callback(_looked_at)
                await asyncio.wait({task}, timeout=1.0)


def _looked_at(task: asyncio.Task[Any]) -> None:
    """Nobody wants to know any more how it ended; the client makes an error of a cancellation."""
    if not task.cancelled():
        task.exception()


async def _run(do: Callable[[Session], Awaitable[T]], session: Session) -> T:
    try:
        return await do(session)
    except asyncio.CancelledError:
        current: asyncio.Task[Any] | None = asyncio.current_task()
        if current is not None and current.cancelling():
            raise
        # The client cancels what waits when it closes, which is no wish of ours to end.
        raise wrong.ConnectionClosedError from None
