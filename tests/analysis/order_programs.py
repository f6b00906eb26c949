"""Random concurrent programs, run by a small scheduler, and the events that they tell of themselves.

A program has one or two processes with an event loop each. Within a loop tasks give way only where they
await; a thread, and the other process, run at any time.
"""

from __future__ import annotations

import json
import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from backend.events import decode_line
from debugger.log import EventLog

Made = dict[str, Any]
Body = Iterator[bool]
"""Yields after each event: whether the task awaits there."""

TYPES = ("A", "B", "C", "D")
EXTRA = ("mailbox", "publish")
"""What we know of an event and do not tell: where a receive came from."""


@dataclass
class Queue:
    name: str
    items: deque[tuple[str, str]] = field(default_factory=deque)
    count: int = 0


@dataclass
class Subscriber:
    component: str
    session: str | None
    source: str
    types: tuple[str, ...]
    ordered: bool
    declared: bool
    waiting: deque[tuple[str, str, str | None]] = field(default_factory=deque)
    busy: int = 0


class Running:
    """A task that was begun."""

    def __init__(
        self, name: str, source: str, component: str, session: str | None, cause: str | None
    ) -> None:
        self.name = name
        self.source = source
        self.component = component
        self.session = session
        self.cause = cause
        self.body: Body = iter(())
        self.children: list[Running] = []
        self.thread = False
        self.done = False
        self.waits_for: Callable[[], bool] = lambda: True


class Program:
    """Runs until `limit` events were told, or nothing is left to do."""

    def __init__(self, seed: int, limit: int, *, sources: int = 1) -> None:
        self.random = random.Random(seed)
        self.limit = limit
        self.events: list[Made] = []
        self.sources = [f"p{number}" for number in range(sources)]
        self.seqs = dict.fromkeys(self.sources, 0)
        self.names = 0
        self.tasks: list[Running] = []
        self.in_step: dict[str, Running | None] = dict.fromkeys(self.sources)
        self.queues = [Queue("q0"), Queue("q1")]
        self.subscribers = self._subscribers()
        self.timers: list[tuple[float, int, Running]] = []
        self.now = 0.0
        self._run()

    # --- telling -------------------------------------------------------------------------------

    def tell(self, who: Running | None, kind: str, source: str | None = None, **more: Any) -> str:
        source = who.source if who is not None else source or self.sources[0]
        self.seqs[source] += 1
        made: Made = {
            "timestamp": 1.0 + len(self.events) / 1e3,
            "event_type": kind,
            "component": who.component if who is not None else "main",
            "session_id": who.session if who is not None else None,
            "id": f"{source}-{self.seqs[source]}",
            "source": source,
            "seq": self.seqs[source],
            "cause": who.cause if who is not None else None,
            "task": who.name if who is not None else None,
        }
        made.update(more)
        self.events.append(made)
        return str(made["id"])

    def _subscribers(self) -> list[Subscriber]:
        found = []
        for number in range(self.random.randint(2, 5)):
            session = self.random.choice((None, "s0", "s1"))
            types = tuple(self.random.sample(TYPES, self.random.randint(1, 3)))
            source = self.random.choice(self.sources)
            ordered = self.random.random() < 0.8
            declared = self.random.random() < 0.7
            one = Subscriber(f"c{number}", session, source, types, ordered, declared)
            found.append(one)
            if declared:
                for kind in types:
                    data = {"message_type": kind, "mode": "ordered" if ordered else "concurrent"}
                    self.tell(
                        None,
                        "subscribed",
                        source,
                        component=one.component,
                        session_id=session,
                        message_type=kind,
                        data=data,
                    )
        return found

    # --- scheduling ----------------------------------------------------------------------------

    def _run(self) -> None:
        for source in self.sources:
            for number in range(self.random.randint(1, 3)):
                task = self._new("m", source, "main", self.random.choice(("s0", "s1")), None)
                task.body = self._body(task, self.random.randint(3, 12), depth=0)
                task.name = f"{source}/m{number}"
        while len(self.events) < self.limit and self._step():
            pass

    def _new(self, kind: str, source: str, component: str, session: str | None, cause: str | None) -> Running:
        self.names += 1
        task = Running(f"{source}/{kind}{self.names}", source, component, session, cause)
        self.tasks.append(task)
        return task

    def _step(self) -> bool:
        """One event of one task; False when nothing can run."""
        for one in self.subscribers:
            while one.waiting and (not one.ordered or not one.busy):
                self._deliver(one, *one.waiting.popleft())
        ready = [task for task in self.tasks if not task.done and self._can_run(task)]
        if self.timers and (not ready or self.random.random() < 0.1):
            self.timers.sort(key=lambda timer: timer[:2])
            self._fire(self.timers.pop(0))
            return True
        if not ready:
            return False
        task = self.random.choice(ready)
        awaits = next(task.body, None)
        task.done = task.done or awaits is None
        if not task.thread:
            self.in_step[task.source] = None if awaits is not False else task
        return True

    def _can_run(self, task: Running) -> bool:
        in_step = self.in_step[task.source]
        return task.thread or in_step is task or (in_step is None and task.waits_for())

    def _deliver(self, to: Subscriber, message: str, publish: str, session: str | None) -> None:
        to.busy += 1
        task = self._new("h", to.source, to.component, session, publish)
        task.body = self._handler(task, to, message, publish)

    def _handler(self, task: Running, to: Subscriber, message: str, publish: str) -> Body:
        box = (to.component, to.session)
        task.cause = self.tell(
            task, "message_received", message_type=message, cause=publish, mailbox=box, publish=publish
        )
        yield self.random.random() < 0.3
        depth = publish.count(".") + 1
        yield from self._body(task, self.random.randint(0, 3), depth=depth, ends=False)
        self.tell(task, "message_handled", message_type=message, data={"outcome": "ok"})
        to.busy -= 1
        yield True

    def _fire(self, timer: tuple[float, int, Running]) -> None:
        task = timer[2]
        task.body = self._body(task, self.random.randint(0, 2), depth=2)
        self.tasks.append(task)

    # --- what tasks do -------------------------------------------------------------------------

    def _body(self, task: Running, count: int, *, depth: int, ends: bool = True) -> Body:
        deeds = [self._work, self._work, self._publish, self._publish, self._put, self._get, self._lock]
        if depth < 3:
            deeds += [self._spawn, self._spawn, self._join, self._cancel, self._timer, self._call]
        for _ in range(count):
            yield from self.random.choice(deeds)(task)
        if ends:
            self.tell(task, "task_finished", data={"child": task.name})
            task.done = True
            yield True

    def _awaits(self) -> bool:
        return self.random.random() < 0.4

    def _work(self, task: Running) -> Body:
        self.tell(task, "state_change")
        yield self._awaits()

    def _publish(self, task: Running) -> Body:
        kind = self.random.choice(TYPES)
        publish = self.tell(task, "message_published", message_type=kind, direction="publish")
        for one in self.subscribers:
            if kind in one.types and one.session in (None, task.session) and self.names < self.limit:
                one.waiting.append((kind, publish, task.session))
        yield self._awaits()

    def _put(self, task: Running) -> Body:
        queue = self.random.choice(self.queues)
        item = f"{queue.name}:{queue.count}"
        queue.count += 1
        put = self.tell(task, "item_put", data={"queue": queue.name, "item": item})
        queue.items.append((put, item))
        yield self._awaits()

    def _get(self, task: Running) -> Body:
        queue = self.random.choice(self.queues)
        if queue.items:
            put, item = queue.items.popleft()
            self.tell(task, "item_got", cause=put, data={"queue": queue.name, "item": item}, publish=put)
            yield self._awaits()

    def _lock(self, task: Running) -> Body:
        self.tell(task, "lock_acquired", data={"lock": "l"})
        yield False
        self.tell(task, "lock_released", data={"lock": "l"})
        yield False

    def _spawn(self, task: Running) -> Body:
        thread = self.random.random() < 0.2
        child = self._new("x" if thread else "t", task.source, task.component, task.session, None)
        data = {"child": child.name, "kind": "thread" if thread else "task"}
        child.cause = self.tell(task, "task_spawned", data=data)
        if self.random.random() < 0.15:
            child.cause = None  # told by name only
        child.thread = thread
        child.body = self._body(child, self.random.randint(0, 4), depth=2)
        task.children.append(child)
        yield self._awaits()

    def _join(self, task: Running) -> Body:
        if task.children:
            child = self.random.choice(task.children)
            if not child.done:
                self.tell(task, "state_read")
                task.waits_for = lambda: child.done
                yield True
                task.waits_for = lambda: True
            if child.done:  # a thread does not look at what it waits for
                self.tell(task, "task_joined", data={"child": child.name})
                yield False

    def _cancel(self, task: Running) -> Body:
        running = [child for child in task.children if not child.done and not child.thread]
        if running:
            self.tell(task, "task_cancel_requested", data={"child": self.random.choice(running).name})
            yield self._awaits()

    def _timer(self, task: Running) -> Body:
        self.names += 1
        delay = self.random.choice((1.0, 2.0, 2.0, 5.0))
        child = Running(f"{task.source}/d{self.names}", task.source, task.component, task.session, None)
        data = {"child": child.name, "kind": "timer", "delay_ms": delay}
        child.cause = self.tell(task, "task_spawned", data=data)
        self.now += 0.01
        self.timers.append((self.now + delay, self.names, child))
        yield self._awaits()

    def _call(self, task: Running) -> Body:
        """A call that reports itself runs in its caller's task, and may await."""
        self.names += 1
        name = f"{task.source}/c{self.names}"
        spawned = self.tell(task, "task_spawned", data={"child": name, "kind": "call"})
        inside = Running(name, task.source, task.component, task.session, spawned)
        for _ in range(self.random.randint(0, 2)):
            yield from self.random.choice((self._work, self._publish))(inside)
        self.tell(inside, "task_finished", data={"child": name})
        self.tell(task, "task_joined", data={"child": name})
        yield False


def told(events: list[Made]) -> list[bytes]:
    """The events as lines, without what only we know."""
    return [
        json.dumps({key: value for key, value in made.items() if key not in EXTRA}).encode()
        for made in events
    ]


def log_of(events: list[Made]) -> EventLog:
    """A log of the events."""
    log = EventLog()
    append(log, events)
    return log


def append(log: EventLog, events: list[Made]) -> None:
    """Add events to a log."""
    lines = told(events)
    if lines:
        log.append_many(lines, [decode_line(line) for line in lines])
