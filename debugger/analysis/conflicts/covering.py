"""Orders that a rule judges by itself: what is generic to say of them is only worth a note."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct


class Covered(Struct, frozen=True):
    """Of a component the order of some ``messages`` with each other, or who touches some ``keys`` first.

    Both narrow it down, and where both are empty it is all of the component. A key is one with all below it.
    """

    component: str
    messages: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()

    def covers(self, component: str, key: str, names: Collection[str]) -> bool:
        """Whether it covers a key of a component that activations of these names touch."""
        if component != self.component or (self.messages and not self.messages.issuperset(names)):
            return False
        return not self.keys or any(key == one or key.startswith(f"{one}.") for one in self.keys)
