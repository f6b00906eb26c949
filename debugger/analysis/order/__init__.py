"""What happens before what: the order that a program guarantees, not the one that a log happens to have.

    order = order_of(log)              # a whole log
    order = Order(log)                 # one that grows: order.advance(clock, budget_ns), again and again

    order.ordered(row, other)          # does this happen before that? `before` asks of several at once
    order.concurrent(row, other)       # does nothing order them?
    order.why(row, other)              # the edges of a way, each with its `Rule` and its `Confidence`
    order.history(row)                 # the line of causes that led here
    order.parting(row, other)          # two histories, from the last event that both have
    order.overlaps_hole(row, other)    # what is missing that could order them: then say inconclusive
    order.publish_of(row)              # the publish of a receive, recorded or matched
    order.counts, order.holes          # what was found, and what is missing

Events are rows of an `EventLog`, and are not copied. `segment`, `segment_rows`, `task` and `chain` say where
a row is; `disproved` names mailboxes that were taken for ordered and are not, which `order_of` heeds, and a
growing order when it is told to (`heed`).

One pass, row after row, the same however the log came. What most rows need is done for a chunk of them with
numpy: their tasks, their segments, their causes, what their segment follows in its task, and where tasks and
handlers end. One by one go only runs of segments into which nothing comes from elsewhere, and what is asked
of mailboxes. Payloads are read of subscriptions, spawns, joins and cancel requests, and of items where no
cause is named.

    tasks, segments     which activation a row is in, and which of its steps between two awaits
    runs, steps         which segments know the same; where something happens to the order, and what
    rebuild             activations, publishes and puts of logs that do not name them
    links, mailboxes    the edges that need more than a cause: by name, by timers, by the order of a mailbox
    handled, ports      what a mailbox has handled, and whether it is ordered
    chains, clocks      vector clocks, with an entry for each chain of runs, in blocks by session
    kept                the clocks that are kept
    paths, explain      walks over the edges, where clocks do not tell, and what is shown of them
    holes               what is missing

Memory is linear in rows, some 40 bytes each, and for the rest bounded by `Limits`; of a log that forgets, all
of it is. Chains are given up when their session has ended, or their task has and places are scarce: a
question that clocks do not answer is then searched for, which is slower and just as right.
"""

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
