"""Health and metrics of one backend, put together."""

from __future__ import annotations

from backend.operations import checks
from backend.operations.health import Check, Dependency, Health
from backend.operations.meter import Meter
from backend.operations.metrics import Metrics, Watched
from backend.operations.outlets import Outlet
from backend.tap import Tap
from backend.tap.hub import Hub


class Operations:
    """What a gateway tells operators: of a hub alone, or of all that is added here.

    With a tap, ``meter`` is to be one of its sinks.
    """

    def __init__(self, hub: Hub, tap: Tap | None = None) -> None:
        self.health = Health()
        self.meter = Meter()
        self.watched = Watched(hub, tap, None if tap is None else self.meter)
        self.metrics = Metrics(self.watched)
        self.depends("feed", "feed", checks.feed(hub), needed=True)
        if tap is not None:
            self.depends("recording", "feed", checks.recording(tap))

    def depends(self, name: str, service: str, check: Check, *, needed: bool = False) -> None:
        """Ask for this in health, too."""
        self.health.add(Dependency(name, service, check, needed))

    def add_outlet(self, outlet: Outlet) -> None:
        """A store or a mux: in health and metrics from now on."""
        self.watched.outlets[outlet.name] = outlet
        self.depends(outlet.name, outlet.name, checks.outlet(outlet))

    @property
    def outlets(self) -> tuple[Outlet, ...]:
        """Those that were added."""
        return tuple(self.watched.outlets.values())
