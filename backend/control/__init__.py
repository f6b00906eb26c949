"""Control of a running bus over its feed: who may, what is asked, and what observers are told.

desk = Desk(bus)
hub = Hub(desk=desk)
async with FeedServer(hub, policy=TokenPolicy(control=token)), Tap("my-app", sinks=(hub,)):
...
"""

from __future__ import annotations

from backend.control.conditions import ConditionError
from backend.control.desk import Desk, Seat

__all__ = ["ConditionError", "Desk", "Seat"]
