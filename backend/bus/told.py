"""What is done to a bus by hand, told in its recording: so that one can see why it is as it is."""

from __future__ import annotations

import contextvars
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from backend.bus.deliveries import Key, Waiting
from backend.events.vocabulary import CONTROL, SYSTEM
from backend.tap import Scope

if TYPE_CHECKING:
    from backend.bus.bus import Bus

_TOLD_IDS = 50


class Telling:
    """Tells it in the name of ``by``."""

    def __init__(self, bus: Bus, by: str) -> None:
        self.by = by
        self._bus = bus

    def tell(
        self,
        do: str,
        data: dict[str, Any],
        *,
        severity: str = "info",
        cause: str | None = None,
        scope: Scope | None = None,
    ) -> str:
        """Record what was done; returns the event's id. It is no part of what happens to run now."""
        given = {name: value for name, value in data.items() if value is not None and value != ""}
        told = {"do": do, "by": self.by, **given}
        emit = self._bus.tap.emit
        return contextvars.Context().run(
            lambda: emit(SYSTEM, self._bus.name, CONTROL, told, severity=severity, cause=cause, scope=scope)
        )

    def tell_of(self, do: str, found: Sequence[Waiting], **data: Any) -> str:
        """Record what was done with deliveries: in their scope, if it is one."""
        scopes = {id(one.envelope.scope): one.envelope.scope for one in found}
        scope = found[0].envelope.scope if len(scopes) == 1 else None
        told: dict[str, Any] = {"deliveries": named([one.key for one in found]), **data}
        if len(found) > _TOLD_IDS:
            told["more"] = len(found) - _TOLD_IDS
        return self.tell(do, told, scope=scope)


def named(keys: Iterable[Key]) -> list[str]:
    """The first few by name."""
    return [str(key) for key in islice(keys, _TOLD_IDS)]
