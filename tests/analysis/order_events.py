"""Short logs, event by event, to look at one rule at a time."""

from __future__ import annotations

from typing import Any

from debugger.analysis.order import Order, order_of
from debugger.log import EventLog
from tests.analysis.order_programs import append


class Told:
    """Events of one or more processes. Each call tells one, and returns its row; it is also its id."""

    def __init__(self, source: str | None = "p") -> None:
        self.events: list[dict[str, Any]] = []
        self.source = source

    def tell(self, kind: str, task: str | None = None, *, cause: Any = None, **fields: Any) -> int:
        row = len(self.events)
        fields.setdefault("component", task or "main")
        self.events.append(
            {
                "timestamp": 1.0 + row,
                "event_type": kind,
                "session_id": None,
                "id": f"e{row}",
                "source": self.source,
                "task": task,
                "cause": f"e{cause}" if isinstance(cause, int) else cause,
                **fields,
            }
        )
        return row

    def work(self, task: str | None, **fields: Any) -> int:
        return self.tell("state_change", task, **fields)

    def publish(self, task: str | None, message: str = "A", **fields: Any) -> int:
        return self.tell("message_published", task, message_type=message, direction="publish", **fields)

    def receive(self, task: str, publish: Any, box: str = "box", message: str = "A", **fields: Any) -> int:
        return self.tell(
            "message_received", task, cause=publish, component=box, message_type=message, **fields
        )

    def handled(self, task: str, box: str = "box", message: str = "A", **fields: Any) -> int:
        return self.tell("message_handled", task, component=box, message_type=message, **fields)

    def handle(self, task: str, publish: Any, box: str = "box", message: str = "A") -> tuple[int, int]:
        """A handler that does nothing: its first row and its last."""
        return self.receive(task, publish, box, message), self.handled(task, box, message)

    def spawn(self, task: str, child: str | None, kind: str = "task", **data: Any) -> int:
        return self.tell("task_spawned", task, data={"child": child, "kind": kind, **data})

    def subscribe(self, box: str = "box", message: str = "A", mode: str = "ordered", **fields: Any) -> int:
        return self.tell(
            "subscribed", None, component=box, message_type=message, data={"mode": mode}, **fields
        )

    def about(self, kind: str, task: str, child: str) -> int:
        """`task_joined`, `task_finished` or `task_cancel_requested`."""
        return self.tell(kind, task, data={"child": child})

    def item(self, kind: str, task: str, item: str | None, queue: str = "q", cause: Any = None) -> int:
        data = {"queue": queue} if item is None else {"queue": queue, "item": item}
        return self.tell(kind, task, cause=cause, data=data)

    @property
    def log(self) -> EventLog:
        log = EventLog()
        append(log, self.events)
        return log

    @property
    def order(self) -> Order:
        return order_of(self.log)


def base_format(told: Told) -> Told:
    """The same events with nothing but the ten fields that every log has."""
    bare = Told()
    for made in told.events:
        kept = {
            key: value for key, value in made.items() if key not in ("id", "source", "task", "cause", "seq")
        }
        bare.events.append({"correlation_id": None, "data": {}, "component_state": {}, **kept})
    return bare
