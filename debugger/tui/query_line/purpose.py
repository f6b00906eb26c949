"""What is typed for, and what happens with it: one purpose is one small object."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol

from debugger.log import Query, QueryError, compile_query
from debugger.tui import travel
from debugger.tui.rows import ShownRows
from debugger.tui.session import Session


class EntryError(Exception):
    """What was typed means nothing: why, and at which character from 0 (None: as a whole)."""

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


class Purpose(Protocol):
    """One use of the line. ``key`` is shown before it; ``queries`` whether text is in the query language.

    No field of ``without`` is offered. ``enter`` and ``leave`` say what the keys for it do.
    """

    key: str
    name: str
    placeholder: str
    queries: bool
    without: Collection[str]
    enter: str
    leave: str

    def begin(self, session: Session) -> str:
        """The text that stands in the line at first."""
        ...

    def look(self, session: Session, text: str) -> str:
        """Try the text as it is typed; returns a word about it.

        Raises:
            EntryError: it means nothing.
        """
        ...

    def keep(self, session: Session, text: str) -> None:
        """Enter was pressed.

        Raises:
            EntryError: it cannot be done.
        """
        ...

    def revert(self, session: Session) -> None:
        """The line was left: all is as it was before."""
        ...


def query_of(text: str) -> Query:
    """What was typed as a query.

    Raises:
        EntryError: it is none.
    """
    try:
        return compile_query(text)
    except QueryError as error:
        raise EntryError(str(error), error.position) from None


def counted(rows: ShownRows, session: Session) -> str:
    """How many events match, and how far that is known."""
    total = max(len(session.log), 1)
    share = "" if rows.complete else f", {rows.looked_at / total:.0%} looked through"
    return f"{len(rows):,} of {len(session.log):,} events{share}"


def apply_filter(session: Session, text: str) -> None:
    """Filter the session.

    Raises:
        EntryError: the text is no query; the filter stays as it was.
    """
    query = query_of(text)
    if text.strip() != session.filter_text:
        session.set_filter(text.strip(), None if query.passes_all else query)


class Asking:
    """What a purpose does unless it says otherwise: begin empty, try nothing, take nothing back."""

    key = ""
    name = ""
    placeholder = ""
    queries = False
    without: Collection[str] = ()
    enter = "keep"
    leave = "leave"

    def begin(self, session: Session) -> str:
        """As `Purpose.begin`."""
        del session
        return ""

    def look(self, session: Session, text: str) -> str:
        """As `Purpose.look`."""
        del session, text
        return ""

    def revert(self, session: Session) -> None:
        """As `Purpose.revert`."""


class Filtering:
    """Filters as one types."""

    key = "/"
    name = "filter"
    placeholder = "component:overseer  message:TTS_*  turn = 2  data.index > 3  -partial  text …"
    queries = True
    without: Collection[str] = ()
    enter = "keep"
    leave = "undo"

    def __init__(self) -> None:
        self._before = ""

    def begin(self, session: Session) -> str:
        """The present filter."""
        self._before = session.filter_text
        return self._before

    def look(self, session: Session, text: str) -> str:
        """Filter already."""
        apply_filter(session, text)
        return counted(session.shown, session)

    def keep(self, session: Session, text: str) -> None:
        """Leave it so."""
        apply_filter(session, text)

    def revert(self, session: Session) -> None:
        """The filter before."""
        apply_filter(session, self._before)


class Searching:
    """Lets matches stand out as one types; Enter goes to the next."""

    key = "\\"
    name = "search"
    placeholder = "what to look for: n and N go from one to the next"
    queries = True
    without: Collection[str] = ()
    enter = "next match"
    leave = "undo"

    def __init__(self) -> None:
        self._before: Query | None = None

    def begin(self, session: Session) -> str:
        """The present search."""
        self._before = session.search.query if session.search is not None else None
        return self._before.text if self._before is not None else ""

    def look(self, session: Session, text: str) -> str:
        """Count and colour."""
        query = query_of(text)
        if session.search is None or session.search.text != query.text:
            session.set_search(query)
        return counted(session.search.rows, session) if session.search is not None else ""

    def keep(self, session: Session, text: str) -> None:
        """To the next match."""
        self.look(session, text)
        if session.search is not None:
            session.next_match(1)

    def revert(self, session: Session) -> None:
        """The search before."""
        session.set_search(self._before)


class Running(Asking):
    """Runs to the next (or previous) event that matches."""

    queries = True
    enter = "run"

    def __init__(self, direction: int) -> None:
        self.key = "r" if direction > 0 else "R"
        self.name = "run until" if direction > 0 else "run back until"
        self.placeholder = "a condition: severity>=error · state.queue.size > 3 · delta > 200ms"
        self._direction = direction

    def look(self, session: Session, text: str) -> str:
        """Only read it."""
        del session
        query_of(text)
        return ""

    def keep(self, session: Session, text: str) -> None:
        """Run."""
        query = query_of(text)
        if query.passes_all:
            raise EntryError("a condition is needed, such as severity>=error")
        session.run_until(query, query.text, self._direction)


class Watching(Asking):
    """Sets a watch."""

    key = "w"
    name = "watch for"
    placeholder = "a condition: it beeps and stops where that holds"
    queries = True
    enter = "watch"

    def look(self, session: Session, text: str) -> str:
        """Only read it."""
        del session
        query_of(text)
        return ""

    def keep(self, session: Session, text: str) -> None:
        """Watch from now on."""
        query_of(text)
        try:
            watch = session.watches.add(text)
        except ValueError as error:
            raise EntryError(str(error)) from None
        session.say(f"watching for {watch.query.text}; it is among the findings")


class Going(Asking):
    """Goes to a moment."""

    key = ":"
    name = "go to"
    enter = "go there"
    placeholder = "812 · 10:02:03.4 · +200ms · 50% · turn=3 · row=5 · id=…"

    def keep(self, session: Session, text: str) -> None:
        """Go there."""
        if not text.strip():
            return
        problem = travel.problem_going_to(session, text)
        if problem is not None:
            raise EntryError(problem)


class Noting(Asking):
    """Writes a note on the event at the cursor."""

    key = "M"
    name = "note"
    placeholder = "what is to be remembered about this event"

    def begin(self, session: Session) -> str:
        """The note that is there."""
        mark = session.notes.at(session.cursor)
        return mark.note if mark is not None else ""

    def look(self, session: Session, text: str) -> str:
        """Any text is a note."""
        del text
        return "kept in memory only" if session.notes.volatile else "kept beside the recording"

    def keep(self, session: Session, text: str) -> None:
        """Mark the event with it."""
        session.mark(text.strip())


class Saving(Asking):
    """Gives a query a name, under which it is kept."""

    key = "^S"
    name = "save the query as"
    enter = "save"
    placeholder = "a name"

    def __init__(self, text: str, save: Callable[[str, str], None]) -> None:
        self._text = text
        self._save = save

    def look(self, session: Session, text: str) -> str:
        """What will be saved."""
        del session, text
        return self._text

    def keep(self, session: Session, text: str) -> None:
        """Keep it.

        Raises:
            EntryError: it has no name.
        """
        del session
        if not text.strip():
            raise EntryError("a name is needed")
        self._save(text.strip(), self._text)
