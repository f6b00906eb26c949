"""Keys that find, mark and take along."""

from __future__ import annotations

from debugger.log import NONE
from debugger.log.moment import link_to
from debugger.tui.actions.base import Actions
from debugger.tui.actions.taking import Exporting, copied
from debugger.tui.events.detail import EventScreen
from debugger.tui.query_line.purpose import EntryError, Filtering, Noting, Searching, apply_filter, query_of
from debugger.tui.session import Session


class Finding(Actions):
    """Filter, search, pin, follow, bookmarks, copies."""

    def action_open(self) -> None:
        """Open the event at the cursor."""
        if self.session.cursor >= 0:
            self.app.push_screen(EventScreen(self.session), lambda _: self.sync())

    def action_filter(self) -> None:
        """Type a filter."""
        self.ask(Filtering())

    def action_search(self) -> None:
        """Type what to search for."""
        self.ask(Searching())

    def action_search_alike(self) -> None:
        """Search for events of the same component and kind as the one at the cursor."""
        session = self.session
        if session.cursor >= 0:
            try:
                session.set_search(query_of(_alike(session)))
                session.say("n and N go from one to the next; x ends the search")
            except EntryError as problem:  # of names of any length
                session.say(str(problem), bad=True)
        self.sync()

    def action_filter_component(self) -> None:
        """Only the chosen component's events, or the cursor's one's; all again if that is the filter."""
        session = self.session
        component = session.component
        if component is None and session.cursor >= 0:
            component = _name(session, "component")
        if component:
            text = _term("component", component)
            try:
                apply_filter(session, "" if session.filter_text == text else text)
            except EntryError as problem:
                session.say(str(problem), bad=True)
            self.sync()

    def action_clear_filter(self) -> None:
        """Show everything, and nothing stands out."""
        apply_filter(self.session, "")
        self.session.set_search(None)
        self.sync()

    def action_pin(self) -> None:
        """Keep the component of the event at the cursor, or let go."""
        session = self.session
        if session.component is not None:
            session.component = None
        elif session.cursor >= 0:
            session.component = _name(session, "component")
        self.sync()

    def action_follow_turn(self) -> None:
        """Dim all that is not of this turn."""
        self.session.follow_turn()
        self.sync()

    # --- bookmarks --------------------------------------------------------------

    def action_mark(self) -> None:
        """Bookmark the event, or no longer."""
        self.session.toggle_mark()
        self.sync()

    def action_note(self) -> None:
        """Write a note on it."""
        if self.session.cursor >= 0:
            self.ask(Noting())

    # --- taking along -----------------------------------------------------------

    def action_select(self) -> None:
        """Begin or end a selection."""
        self.session.toggle_selection()
        self.sync()

    def action_copy(self) -> None:
        """Put events, or what the pane offers, on the clipboard."""
        text, told = copied(self.session, self.focused)
        if text:
            self.app.copy_to_clipboard(text)
        self.session.say(told)
        self.sync()

    def action_copy_link(self) -> None:
        """Put the moment on the clipboard, as `replay` takes it."""
        session = self.session
        if session.cursor >= 0:
            link = link_to(session.log, session.cursor, session.link.path or session.link.name)
            self.app.copy_to_clipboard(link)
            session.say(f"copied: {link}")
        self.sync()

    def action_export(self) -> None:
        """Write events to a file."""
        if self.session.cursor >= 0:
            self.ask(Exporting())


def _name(session: Session, column: str) -> str:
    return session.log.name(column, int(session.log.column(column)[session.cursor]))


def _term(field: str, name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f"{field}:{name}" if name.isidentifier() else f'{field}:"{escaped}"'


def _alike(session: Session) -> str:
    terms = [_term("component", _name(session, "component")), _term("type", _name(session, "event_type"))]
    if int(session.log.column("message_type")[session.cursor]) not in (0, NONE):
        terms.append(_term("message", _name(session, "message_type")))
    return " ".join(terms)
