"""A component's own handle on the tap: its name and its snapshots in every event."""

from __future__ import annotations

from msgspec import Raw

from backend.events import EMPTY, Payload, encode_payload, error_text
from backend.events.vocabulary import STATE_CHANGE, STATE_READ, SYSTEM
from backend.tap.context import Scope
from backend.tap.tap import StateGetter, Tap


class Probe:
    """Emits in the name of one component.

    ``state`` is its ``get_debug_state``: called for each event, encoded at once, so that
    what the component does next cannot alter the snapshot. One that raises is recorded
    as its error, and is no reason for the component to fail.
    """

    def __init__(self, tap: Tap, component: str, state: StateGetter | None = None) -> None:
        self.tap = tap
        self.component = component
        self._get_state = state

    def snapshot(self) -> Raw:
        """The component's state as it is now."""
        if self._get_state is None:
            return EMPTY
        try:
            return encode_payload(self._get_state())
        except Exception as error:  # noqa: BLE001 - the component's own code
            return encode_payload({"get_debug_state_failed": f"{type(error).__name__}: {error_text(error)}"})

    def emit(  # noqa: PLR0913 - one keyword for each field that a caller may set
        self,
        event_type: str,
        message_type: str | None = None,
        data: Payload | None = None,
        *,
        direction: str = "internal",
        severity: str = "info",
        cause: str | None = None,
        scope: Scope | None = None,
        reads: tuple[str, ...] = (),
        writes: tuple[str, ...] = (),
    ) -> str:
        """As `Tap.emit`, with this component's name and snapshot."""
        return self.tap.emit(
            event_type,
            self.component,
            message_type,
            data,
            state=self.snapshot(),
            direction=direction,
            severity=severity,
            cause=cause,
            scope=scope,
            reads=reads,
            writes=writes,
        )

    def state_changed(self, old: str, new: str, reason: str) -> str:
        """Record a transition of the component's state machine, after it was made."""
        return self.emit(STATE_CHANGE, None, {"from": old, "to": new, "reason": reason})

    def state_read(self, *keys: str) -> str:
        """Record that the running activation looked at these keys of the component's state."""
        names = tuple(f"{self.component}.{key}" for key in keys)
        return self.emit(STATE_READ, None, {"keys": list(keys)}, reads=names)

    def system(self, message_type: str, data: Payload | None = None, *, severity: str = "info") -> str:
        """Record a typed event that is no bus message."""
        return self.emit(SYSTEM, message_type, data, severity=severity)

    def error(self, error: BaseException, *, recovery_action: str | None = None) -> str:
        """Record an error of this component."""
        return self.tap.error(
            error, component=self.component, recovery_action=recovery_action, state=self.snapshot()
        )
