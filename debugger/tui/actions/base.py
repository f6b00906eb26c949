"""What all groups of actions have."""

from __future__ import annotations

from debugger.tui.painting import PaintingScreen
from debugger.tui.query_line.purpose import Purpose
from debugger.tui.session import Session


class Actions(PaintingScreen):
    """Acts on one session, and has the panes look at it afterwards."""

    session: Session

    def sync(self) -> None:
        """Show the session as it is now."""
        raise NotImplementedError

    def page_rows(self) -> int:
        """Rows that a page key moves."""
        raise NotImplementedError

    def ask(self, purpose: Purpose, text: str | None = None) -> None:
        """Open the query line."""
        raise NotImplementedError
