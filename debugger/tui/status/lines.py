"""The status line and the key bar."""

from __future__ import annotations

from rich.segment import Segment
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from debugger.tui.keys import bar
from debugger.tui.palette import ink
from debugger.tui.session import Mode, Session
from debugger.tui.status.model import Part, fitting, status_parts
from debugger.tui.text import width_of

_PLACE = 2  # parts at the right end: seq and time


class StatusLine(Widget):
    """What `status_parts` says, in one line: the cursor's place at the right end."""

    def __init__(self, session: Session, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._session = session
        self._parts: list[Part] = []

    def sync(self) -> None:
        """Repaint if there is something else to say."""
        parts = status_parts(self._session)
        if parts != self._parts:
            self._parts = parts
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """The line."""
        del y
        width = self.size.width
        parts = fitting(self._parts, width - 1)
        place = parts[-_PLACE:] if self._session.cursor >= 0 and len(parts) > _PLACE else []
        left = parts[: len(parts) - len(place)]
        segments = _joined(left)
        ending = _joined(place)
        gap = width - 1 - sum(width_of(one.text) for one in (*segments, *ending))
        segments += [Segment(" " * max(gap, 0)), *ending]
        return Strip(segments).adjust_cell_length(width).apply_style(self.rich_style)


def _joined(parts: list[Part]) -> list[Segment]:
    segments: list[Segment] = []
    for part in parts:
        if segments:
            segments.append(Segment("  "))
        segments.append(Segment(part.text, part.style))
    return segments


class KeyBar(Widget):
    """The keys of the table that have a label, as many as fit. A click on one is a press."""

    def __init__(self, session: Session, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._session = session
        self._labels: list[tuple[str, str]] = []
        self._spans: list[tuple[int, int, str]] = []

    def sync(self) -> None:
        """Repaint if a key means something else now."""
        labels = [(key.cap, self._play_label() if key.action == "play" else key.label) for key in bar()]
        if labels != self._labels:
            self._labels = labels
            self.refresh()

    def _play_label(self) -> str:
        session = self._session
        if session.mode is Mode.LIVE:
            return "pause" if session.following else "follow"
        return "stop" if session.playback.playing else "play"

    def render_line(self, y: int) -> Strip:
        """The line."""
        del y
        width, used = self.size.width, 1
        segments = [Segment(" ")]
        self._spans = []
        for key, (cap, label) in zip(bar(), self._labels, strict=False):
            length = width_of(cap) + 1 + len(label)
            if used + length > width:
                break
            segments += [Segment(cap, ink.key), Segment(f" {label}  ", ink.dim)]
            self._spans.append((used, used + length, key.action))
            used += length + 2
        return Strip(segments).adjust_cell_length(width).apply_style(self.rich_style)

    async def on_click(self, event: events.Click) -> None:
        """Do what the key does."""
        for start, stop, action in self._spans:
            if start <= event.x < stop:
                await self.app.run_action(action, self.screen)
