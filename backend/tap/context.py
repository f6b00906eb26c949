"""What is running now, and for whom. Carried by `contextvars`, so that nobody passes ids by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import msgspec
from msgspec import Raw, Struct

from backend.events import EMPTY, correlation_id, members_of


class Scope(Struct, frozen=True, gc=False):
    """Whose work an event is part of. ``turn`` counts from 1 within the session.

    ``told`` is how it stands in every event of the scope, encoded once (see
    `backend.tap.stamped`); it follows from the other fields.
    """

    session_id: str | None = None
    user_id: str | None = None
    turn: int | None = None
    correlation_id: str | None = None
    worker_id: str | None = None
    told: Raw = EMPTY

    def __post_init__(self) -> None:
        fields = {name: getattr(self, name) for name in self.__struct_fields__ if name != "told"}
        msgspec.structs.force_setattr(self, "told", members_of(fields))


NO_SCOPE = Scope()


class Activation:
    """One run of one handler, or one task. Its events are in program order. Never changed.

    ``cause`` is the id of the event that began it: the receive, or the spawn.
    """

    __slots__ = ("cause", "component", "scope", "stamp", "task")

    def __init__(
        self,
        task: str | None = None,
        cause: str | None = None,
        component: str = "main",
        scope: Scope = NO_SCOPE,
    ) -> None:
        self.task = task
        self.cause = cause
        self.component = component
        self.scope = scope
        # What an event takes from here, to be unpacked in one step: emitting is the hot path.
        self.stamp = (cause, task, component, scope.told)

    def with_scope(self, scope: Scope) -> Activation:
        """The same activation, working for `scope`."""
        return Activation(self.task, self.cause, self.component, scope)


OUTSIDE = Activation()
"""Code that runs in no activation: its events are roots."""

current: ContextVar[Activation] = ContextVar("doubletalk_activation", default=OUTSIDE)


def current_scope() -> Scope:
    """The scope of the running code."""
    return current.get().scope


@contextmanager
def within(scope: Scope) -> Iterator[Scope]:
    """Events inside belong to `scope`; task and cause stay what they are."""
    token = current.set(current.get().with_scope(scope))
    try:
        yield scope
    finally:
        current.reset(token)


@contextmanager
def for_worker(worker_id: str) -> Iterator[None]:
    """Events inside belong to the worker `worker_id`."""
    with within(msgspec.structs.replace(current.get().scope, worker_id=worker_id)):
        yield


@contextmanager
def as_component(name: str) -> Iterator[None]:
    """Events inside that name no component are told in the name of `name`."""
    running = current.get()
    token = current.set(Activation(running.task, running.cause, name, running.scope))
    try:
        yield
    finally:
        current.reset(token)


def turn_scope(session_id: str, user_id: str | None, turn: int, first_message_type: str) -> Scope:
    """The scope of a new turn; all that it causes carries its correlation id."""
    return Scope(session_id, user_id, turn, correlation_id(session_id, turn, first_message_type))
