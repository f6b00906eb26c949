"""What Prometheus scrapes: everything is counted elsewhere, and read when it asks."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from backend.bus import Bus
from backend.operations.health import Report, Status
from backend.operations.meter import Meter
from backend.operations.outlets import Outlet, OutletStats
from backend.tap import Tap
from backend.tap.hub import Hub

PREFIX: Final = "doubletalk_"
_HEALTH: Final = {Status.OK: 1.0, Status.DEGRADED: 0.5, Status.STARTING: 0.0, Status.DOWN: 0.0}
_NO_OUTLET: Final = OutletStats(sent=0, waiting=0, dropped=0, restarts=0, lag=0.0, problem="")


class Watched:
    """What is measured. All but the hub may be missing: a gateway has no tap, a feed no bus."""

    def __init__(self, hub: Hub, tap: Tap | None = None, meter: Meter | None = None) -> None:
        self.hub = hub
        self.tap = tap
        self.meter = meter
        self.bus: Callable[[], Bus | None] = lambda: None
        self.sessions: Callable[[], int] = lambda: 0
        self.outlets: dict[str, Outlet] = {}


class Metrics:
    """A registry of its own, read as text by `scraped`."""

    def __init__(self, watched: Watched) -> None:
        self.registry = CollectorRegistry()
        self._collector = _Backend(watched)
        self.registry.register(self._collector)
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def scraped(self, accept: str, report: Report) -> tuple[bytes, str]:
        """(body, content type), in the form that is asked for. To be called on the event loop."""
        self._collector.report = report
        encode, kind = choose_encoder(accept)
        return encode(self.registry), kind


class _Backend(Collector):
    def __init__(self, watched: Watched) -> None:
        self.report: Report | None = None
        self._watched = watched

    def describe(self) -> list[Metric]:
        """Nothing: names are not known before they are read, and nobody else registers here."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All of it, now."""
        watched = self._watched
        info = {"version": _version(), "python": platform.python_version()}
        yield InfoMetricFamily(PREFIX + "build", "What runs here.", info)
        yield _gauge("sessions", "Sessions that are open.", watched.sessions())
        yield from self._health()
        yield from _feed(watched.hub)
        if watched.tap is not None:
            yield _gauge(
                "tap_waiting_events", "Events that the tap has not handed on yet.", watched.tap.pending
            )
            yield _gauge(
                "tap_failed_sinks", "Sinks that the tap had to remove.", len(watched.tap.sink_errors)
            )
        if watched.meter is not None:
            yield from _counted(watched.meter)
        yield from _bus(watched.bus())
        yield from self._outlets()
        yield self._dropped()

    def _health(self) -> Iterator[Metric]:
        report = self.report
        yield _gauge("ready", "1 while this may be sent work.", float(report is not None and report.ready))
        found = GaugeMetricFamily(
            PREFIX + "dependency_health",
            "1 well, 0.5 degraded, 0 down; who is off has none.",
            labels=["dependency"],
        )
        for name, answer in ({} if report is None else report.dependencies).items():
            if answer.status in _HEALTH:
                found.add_metric([name], _HEALTH[answer.status])
        yield found

    def _outlets(self) -> Iterator[Metric]:
        told = {name: outlet.stats() for name, outlet in self._watched.outlets.items()}
        sent = CounterMetricFamily(PREFIX + "sink_events", "Events taken over by it.", labels=["sink"])
        restarts = CounterMetricFamily(PREFIX + "sink_restarts", "Times it was begun again.", labels=["sink"])
        waiting = GaugeMetricFamily(
            PREFIX + "sink_waiting_events", "Events that wait for it.", labels=["sink"]
        )
        lag = GaugeMetricFamily(PREFIX + "sink_lag_seconds", "Age of the oldest that waits.", labels=["sink"])
        up = GaugeMetricFamily(PREFIX + "sink_up", "1 while it takes events.", labels=["sink"])
        for name, now in told.items():
            sent.add_metric([name], now.sent)
            restarts.add_metric([name], now.restarts)
            waiting.add_metric([name], now.waiting)
            lag.add_metric([name], now.lag)
            up.add_metric([name], float(not now.problem))
        yield from (sent, restarts, waiting, lag, up)

    def _dropped(self) -> Metric:
        """All places where events can be lost, in one metric: whoever sums it misses none."""
        watched = self._watched
        found = CounterMetricFamily(
            PREFIX + "dropped_events", "Events that somebody was to get and did not.", labels=["where"]
        )
        found.add_metric(["feed"], watched.hub.stats().lost)
        if watched.meter is not None:
            found.add_metric(["mailbox"], watched.meter.undelivered)
        for name, outlet in watched.outlets.items():
            found.add_metric([name], outlet.stats().dropped)
        return found


def _feed(hub: Hub) -> Iterator[Metric]:
    now = hub.stats()
    yield _counter("feed_published", "Events taken by the feed.", now.published)
    yield _counter("feed_delivered", "Events sent to clients, all together.", now.delivered)
    yield _counter("feed_gaps", "Gaps that clients were told.", now.gaps)
    yield _counter("feed_dropped_clients", "Clients that took nothing, and were cut off.", now.dropped)
    yield _counter("feed_refused_clients", "Clients that broke the protocol.", now.refused)
    yield _labelled("feed_turned_away", "Requests refused at the door.", "reason", now.turned_away)
    yield _gauge("feed_clients", "Clients that are connected.", now.active_subscribers)
    yield _gauge("feed_queue_events", "Events that wait for the client furthest behind.", now.queue_size)
    yield _gauge("feed_queue_limit", "How many may wait for a client.", now.queue_limit)
    yield _gauge("feed_history_events", "Events that a client may still resume from.", now.history_size)
    yield _gauge("feed_history_bytes", "The same in bytes.", now.history_bytes)


def _bus(bus: Bus | None) -> Iterator[Metric]:
    yield _counter("bus_messages", "Messages published.", 0 if bus is None else bus.published)
    deepest: dict[str, int] = {}
    for port in () if bus is None else bus.ports:
        deepest[port.component] = max(deepest.get(port.component, 0), len(port.mailbox))
    found = GaugeMetricFamily(
        PREFIX + "mailbox_messages",
        "Messages that wait, in a component's fullest mailbox.",
        labels=["component"],
    )
    for component, depth in sorted(deepest.items(), key=lambda one: -one[1])[:_MAILBOXES]:
        found.add_metric([component], depth)
    yield found


_MAILBOXES: Final = 32


def _counted(meter: Meter) -> Iterator[Metric]:
    with meter.lock:
        yield _labelled("events", "Events emitted.", "event_type", meter.events)
        yield _counter("event_bytes", "Their size as JSON.", meter.bytes)
        yield _counter("unread_events", "Events that could not be read for these numbers.", meter.unread)
        yield _counter(
            "folded_names", "Names that share the label `other`: there are too many.", meter.components.folded
        )
        yield _labelled("errors", "Error events.", "component", meter.errors)
        yield _labelled("growth", "What was added to the graph, and done of the tasks.", "type", meter.growth)
        yield _labelled("findings", "FINDING events: what a judge of the feed found.", "rule", meter.findings)
        yield _labelled("turns", "Turns that are over.", "outcome", meter.turns)
        handled = CounterMetricFamily(
            PREFIX + "handled_messages", "Messages that were handled.", labels=["component", "outcome"]
        )
        for (component, outcome), count in meter.handled.items():
            handled.add_metric([component, outcome], count)
        yield handled
        handlers = HistogramMetricFamily(
            PREFIX + "handler_seconds", "How long a handler ran.", labels=["component"]
        )
        for component, histogram in meter.handlers.items():
            handlers.add_metric([component], histogram.buckets(), histogram.total)
        yield handlers
        answers = HistogramMetricFamily(
            PREFIX + "turn_answer_seconds", "From the user's words being understood to the first sound."
        )
        answers.add_metric([], meter.answers.buckets(), meter.answers.total)
        yield answers


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(PREFIX + name, about, value)


def _counter(name: str, about: str, value: float) -> Metric:
    return CounterMetricFamily(PREFIX + name, about, value)


def _labelled(name: str, about: str, label: str, values: dict[str, int]) -> Metric:
    found = CounterMetricFamily(PREFIX + name, about, labels=[label])
    for value, count in values.items():
        found.add_metric([value], count)
    return found


def _version() -> str:
    try:
        return version("doubletalk")
    except PackageNotFoundError:
        return "unknown"
