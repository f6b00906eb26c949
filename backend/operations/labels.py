"""Names that came from anywhere, as labels: bounded in number and length, and harmless."""

from __future__ import annotations

from typing import Final

LONGEST: Final = 64
OTHER: Final = "other"


class Labels:
    """The first ``most`` different names get a label each; all that come later share ``other``.

    Each label is a time series in whatever scrapes us: a program that makes up names must not fill it.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[str, str] = {}
        self.folded = 0
        """How often a name found no room."""

    def of(self, name: str) -> str:
        """The label of a name."""
        label = self._known.get(name)
        if label is None:
            if len(self._known) >= self._most:
                self.folded += 1
                return OTHER
            label = self._known[name] = _harmless(name)
        return label


def _harmless(name: str) -> str:
    name = str(name)  # whoever emits may give anything
    if len(name) > LONGEST:
        name = name[: LONGEST - 1] + "…"
    return name if name.isprintable() else "".join(one if one.isprintable() else "?" for one in name)
