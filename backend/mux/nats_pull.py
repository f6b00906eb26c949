"""Messages of a JetStream consumer, asked for by so many at a time."""

from __future__ import annotations

import time
from typing import Final

import msgspec
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from backend.mux.nats_link import ANSWER_SECONDS, GoneError, Session

_MOST: Final = 256
"""Messages asked for at once, so that they fit in memory whatever their size."""
_ENDS: Final = ("404", "408")
"""No (more) messages; the time that was given is over."""
_FULL: Final = "Exceeded MaxAckPending"
"""The group has taken as much as it may without acknowledging it."""
_IDLE: Final = "100"


class Pull:
    """Asks one consumer. For one task at a time; of one connection."""

    def __init__(self, session: Session, subject: str, inbox: str, messages: Subscription) -> None:
        self.session = session
        self._subject = subject
        self._inbox = inbox
        self._messages = messages
        self._asked = 0

    @classmethod
    async def of(cls, session: Session, stream: str, consumer: str) -> Pull:
        """For a consumer by its name at the server, as is its stream's."""
        inbox = session.client.new_inbox()
        messages = await session.client.subscribe(f"{inbox}.*", pending_bytes_limit=0)
        return cls(session, f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}", inbox, messages)

    async def messages(self, most: int, wait: float) -> list[Msg]:
        """What there is, at most so many; if there is nothing, the next ones that come within ``wait``.

        What an earlier call had asked for and could not wait for comes first.

        Raises:
            GoneError: there is no such consumer.
        """
        most = min(most, _MOST)
        found = self._left_over(most)
        if len(found) < most:
            found += await self._next(most - len(found), 0)
        if not found and wait > 0:
            found = await self._next(1, wait)
            if found and most > 1:
                found += await self._next(most - 1, 0)
        return found

    def _left_over(self, most: int) -> list[Msg]:
        found: list[Msg] = []
        while len(found) < most and (message := self._at_hand()) is not None:
            if _status(message) is None:
                found.append(message)
        return found

    def _at_hand(self) -> Msg | None:
        """A message that has come already. The client's `next_msg` makes two tasks for each."""
        if not self._messages.pending_msgs:
            return None
        message: Msg = self._messages._pending_queue.get_nowait()  # noqa: SLF001 - it has no other way
        self._messages._pending_size -= len(message.data)  # noqa: SLF001 - as next_msg does
        return message

    async def _next(self, most: int, wait: float) -> list[Msg]:
        self._asked += 1
        reply = f"{self._inbox}.{self._asked}"
        wanted = {"batch": most, "expires": int(wait * 1e9)} if wait else {"batch": most, "no_wait": True}
        await self.session.client.publish(self._subject, msgspec.json.encode(wanted), reply)
        until = time.monotonic() + wait + ANSWER_SECONDS
        found: list[Msg] = []
        while len(found) < most:
            message = self._at_hand() or await self._messages.next_msg(until - time.monotonic())
            status = _status(message)
            if status is None:
                found.append(message)
            elif message.subject != reply or status == _IDLE:
                continue  # the end of what nobody waited for
            elif status in _ENDS or _description(message).startswith(_FULL):
                break
            else:
                raise GoneError(_description(message) or status)
        return found

    async def close(self) -> None:
        """No more messages are wanted."""
        if self.session.alive:
            await self._messages.unsubscribe()


def _description(message: Msg) -> str:
    return (message.headers or {}).get("Description", "")


def _status(message: Msg) -> str | None:
    return message.headers.get("Status") if message.headers else None
