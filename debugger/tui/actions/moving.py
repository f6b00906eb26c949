"""Keys that move the cursor, and those of time."""

from __future__ import annotations

from debugger.tui import travel
from debugger.tui.actions.base import Actions
from debugger.tui.query_line.purpose import Going, Running, Watching


class Moving(Actions):
    """Steps, jumps, playing."""

    def action_step(self, count: int) -> None:
        """By events."""
        self.session.step(count)
        self.sync()

    def action_message(self, direction: int) -> None:
        """By a message."""
        travel.message(self.session, direction)
        self.sync()

    def action_page(self, direction: int) -> None:
        """By a page of the table."""
        self.session.step(direction * self.page_rows())
        self.sync()

    def action_first(self) -> None:
        """To the first event."""
        self.session.first()
        self.sync()

    def action_last(self) -> None:
        """To the last event, and live on with it."""
        self.session.last()
        self.sync()

    def action_cause(self) -> None:
        """To the event's cause."""
        self.session.to_cause()
        self.sync()

    def action_effect(self) -> None:
        """To the event's first effect."""
        self.session.to_effect()
        self.sync()

    def action_along(self, column: str, direction: int) -> None:
        """Along a turn, a correlation, a component, a task."""
        travel.along(self.session, column, direction)
        self.sync()

    def action_turn(self, direction: int) -> None:
        """By turns."""
        travel.turn(self.session, direction)
        self.sync()

    def action_state_change(self, direction: int) -> None:
        """By changes of state."""
        travel.state_change(self.session, direction)
        self.sync()

    def action_match(self, direction: int) -> None:
        """By what the search finds."""
        self.session.next_match(direction)
        self.sync()

    def action_bookmark(self, direction: int) -> None:
        """By bookmarks."""
        self.session.next_mark(direction)
        self.sync()

    def action_back(self) -> None:
        """To where the last jump came from."""
        self.session.back()
        self.sync()

    def action_go_to(self) -> None:
        """To a moment that is typed."""
        self.ask(Going())

    # --- time -------------------------------------------------------------------

    def action_play(self) -> None:
        """Play, stop, pause, follow."""
        self.session.toggle_play()
        self.sync()

    def action_speed(self, step: int) -> None:
        """Faster or slower."""
        self.session.change_speed(step)
        self.sync()

    def action_run(self, direction: int) -> None:
        """Until a condition holds."""
        self.ask(Running(direction))

    def action_watch(self) -> None:
        """Beep and stop where a condition holds."""
        self.ask(Watching())

    def action_halt(self) -> None:
        """Stop what goes on, from the latest to the earliest of it."""
        self.session.halt()
        self.sync()
