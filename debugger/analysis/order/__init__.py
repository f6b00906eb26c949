"""What happens before what: the order that a program guarantees, not the one that a log happens to have."""

from __future__ import annotations

from debugger.analysis.order.order import Mailbox, Order, order_of
from debugger.analysis.order.records import Counts, Edge, Hole, Limits, Missing, Parting
from debugger.analysis.order.rules import Confidence, Rule

__all__ = [
    "Confidence",
    "Counts",
    "Edge",
    "Hole",
    "Limits",
    "Mailbox",
    "Missing",
    "Order",
    "Parting",
    "Rule",
    "order_of",
]
