"""Random programs of publishes against the bus's promise."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from hypothesis import given
from hypothesis import strategies as st

from backend.events.messages import ChunkAvailable, Message, RequestNextChunk, SystemMessage
from backend.tap import Scope, within
from tests.bus.rig import running
from tests.support.examples import tried

KINDS: tuple[type[Message], ...] = (ChunkAvailable, RequestNextChunk, SystemMessage)


def message(kind: type[Message], number: int) -> Message:
    """A message of a kind, told apart by its number."""
    if kind is ChunkAvailable:
        return ChunkAvailable(number, 0)
    if kind is RequestNextChunk:
        return RequestNextChunk("w", "r", number)
    return SystemMessage(str(number))


Publish = Callable[[str, Message, str | None], None]
Sent = tuple[str | None, Message]


class Subscriber:
    """Keeps what it gets; takes its time over it, and answers requests with more messages."""

    def __init__(self, kinds: set[type[Message]], session: str | None, turns: int, echoes: int) -> None:
        self.kinds = kinds
        self.session = session
        self.turns = turns
        self.echoes = echoes
        self.got: list[Sent] = []

    def handler(self, publish: Publish) -> Callable[[Message, Scope], Awaitable[None]]:
        async def handle(what: Message, scope: Scope) -> None:
            self.got.append((scope.session_id, what))
            for _ in range(self.turns):
                await asyncio.sleep(0)
            for echo in range(self.echoes if isinstance(what, RequestNextChunk) else 0):
                publish("a", ChunkAvailable(1000 + echo, self.turns), scope.session_id)

        return handle

    def wants(self, session: str | None, what: Message) -> bool:
        return type(what) in self.kinds and (self.session is None or self.session == session)


PROGRAMS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]),  # publisher
        st.sampled_from(KINDS),
        st.sampled_from([None, "s1", "s2"]),  # session it is sent in
        st.booleans(),  # yield afterwards
    ),
    max_size=25,
)
SUBSCRIBERS = st.lists(
    st.builds(
        Subscriber,
        st.sets(st.sampled_from(KINDS), min_size=1),
        st.sampled_from([None, "s1", "s2"]),  # its session
        st.integers(0, 2),  # how long it handles, in turns of the loop
        st.integers(0, 3),  # it publishes that many more on each request
    ),
    min_size=1,
    max_size=4,
)


@tried(60)
@given(PROGRAMS, SUBSCRIBERS)
def test_each_subscriber_gets_exactly_its_messages_in_order_of_publication(
    program: list[tuple[str, type[Message], str | None, bool]], subscribers: list[Subscriber]
) -> None:
    """Whoever publishes, from wherever, however long handlers take: by type and session, all, once."""
    sent: list[Sent] = []

    async def run() -> None:
        async with running() as (bus, _):
            ports = {name: bus.attach(name) for name in ("a", "b")}

            def publish(name: str, what: Message, session: str | None) -> None:
                sent.append((session, what))
                with within(Scope(session)):
                    ports[name].publish(what)

            for index, subscriber in enumerate(subscribers):
                port = bus.attach(f"subscriber_{index}", session_id=subscriber.session)
                for kind in subscriber.kinds:
                    port.on(kind, subscriber.handler(publish))
            for number, (name, kind, session, yields) in enumerate(program):
                publish(name, message(kind, number), session)
                if yields:
                    await asyncio.sleep(0)

    asyncio.run(run())
    for subscriber in subscribers:
        assert subscriber.got == [one for one in sent if subscriber.wants(*one)]
