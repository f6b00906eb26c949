"""Signs and what they mean. Each pane's are in its ``signs`` module, from which it paints, too."""

from __future__ import annotations

from typing import NamedTuple

from rich.style import Style


class Sign(NamedTuple):
    """What one sees, what it means, and how it looks: made when it is shown, as themes change."""

    glyph: str
    about: str
    style: Style
