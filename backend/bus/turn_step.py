"""One turn that a held bus runs to its end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from backend.bus.envelope import Envelope
from backend.events.messages import AudioOutputComplete
from backend.tap import Scope

if TYPE_CHECKING:
    from backend.bus.port import Port


class TurnStep:
    """Over when its last sound was played and nothing of it waits, or a later one of its session begins."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._ends = False

    def taken(self, envelope: Envelope) -> None:
        """This delivery begins."""
        self._ends |= isinstance(envelope.message, AudioOutputComplete) and self._is_of(envelope)

    def left_behind(self, envelope: Envelope) -> str | None:
        """Whether this is of a later turn: then why to stop before it."""
        turn, scope = self._scope.turn or 0, envelope.scope
        if scope.session_id != self._scope.session_id or scope.turn is None or scope.turn <= turn:
            return None
        return f"turn {turn} is over: turn {scope.turn} begins"

    def over(self, ports: Iterable[Port]) -> str | None:
        """Whether it came to its end by itself: then why to stop now."""
        if not self._ends or any(self._is_of(envelope) for port in ports for envelope in port.mailbox):
            return None
        return f"turn {self._scope.turn} is over"

    def _is_of(self, envelope: Envelope) -> bool:
        scope = envelope.scope
        return scope.turn == self._scope.turn and scope.session_id == self._scope.session_id
