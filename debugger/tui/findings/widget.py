"""The findings pane."""

from __future__ import annotations

from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip

from debugger.analysis.findings import Findings
from debugger.analysis.ranking import key_of, line_key
from debugger.tui import plain
from debugger.tui.findings.chosen import chosen_of, markers_of
from debugger.tui.findings.model import FindingLine, FindingLines
from debugger.tui.findings.paint import guidance, painted
from debugger.tui.findings.progress import progress_of
from debugger.tui.findings.screen import FindingScreen
from debugger.tui.keys import Where, bindings
from debugger.tui.lines import LineList
from debugger.tui.palette import ink
from debugger.tui.session import Mode, Session
from debugger.tui.text import shorten

BUDGET_NS: Final = 8_000_000
_NO_EVENT: Final = "this one is about no single event"
_NO_FINDING: Final = "this line is no finding of a rule"
_QUIET_NS: Final = 1_000_000_000  # so long a recording stands still that is taken to be whole …
_QUIET_ROW_NS: Final = 20_000  # … and about as long as it would take to judge it once more
_WHY_LEAST: Final = 5  # lines of the pane from which on the last one explains


class FindingList(LineList):
    """One line each; the last line of the pane says why, of the one under its cursor.

    Rows are judged late, so findings come late: the line under the cursor stays the one it is, and stays
    where it is as far as there is room.
    """

    BINDINGS = bindings(Where.FINDINGS)

    class Opened(Message):
        """The cursor is where a line is about."""

    def __init__(self, session: Session, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._session = session
        self.index: Final = Findings(session.log, live=session.mode is Mode.LIVE)
        self._model = FindingLines(session, self.index)
        self._lines: tuple[FindingLine, ...] = ()
        self._complete = True  # as of the last look; more may have come since
        self._progress = progress_of(session)
        self._marked: tuple[object, ...] = ()
        self._rows, self._since_ns = 0, 0

    @property
    def titles(self) -> tuple[str, str]:
        """As of every pane."""
        found = len(self._lines)
        more = "" if self._complete else " …"
        judged = f" · {self._progress.short}" if self._progress.short else ""
        return f"6 Findings{f' · {found:,}' if found else ''}{more}{judged}", ""

    def look(self) -> None:
        """Look at more of the log. Others show what is found too: so also while this pane is hidden."""
        session = self._session
        if session.rush.left:
            return
        self.index.advance(session.clock, BUDGET_NS)
        judging = session.judging
        if judging is None:
            return
        judging.finish(self._stands_still())
        judging.advance(session.clock, BUDGET_NS)
        for told in judging.news():
            session.say(told, bad=True)
        if judging.found.all is not self._marked:
            self._marked = judging.found.all
            session.markers = markers_of(judging.found.all)
        chosen = session.chosen
        if chosen is not None and not chosen.missing:
            story = judging.found.stories.get(key_of(chosen.finding))
            if story is not None and story.missing_rows:
                session.chosen = chosen_of(chosen.finding, story)

    def _stands_still(self) -> bool:
        """Whether the recording seems to be all there: should it grow, all of it is judged once more."""
        session, rows = self._session, len(self._session.log)
        if session.mode is Mode.LIVE or session.progress is not None:
            return False
        now = session.clock()
        if rows != self._rows:
            self._rows, self._since_ns = rows, now
        return now - self._since_ns >= max(_QUIET_NS, rows * _QUIET_ROW_NS)

    def on_unmount(self) -> None:
        """Nobody looks any more."""
        if self._session.judging is not None:
            self._session.judging.stop()

    def sync(self) -> None:
        """As of every pane."""
        self.look()
        complete, self._complete = self._complete, self.index.complete
        progress, self._progress = self._progress, progress_of(self._session)
        lines = self._model.lines()
        if lines != self._lines:
            self._show(lines)
            self.refresh()
        elif (complete, progress) != (self._complete, self._progress):
            self.refresh()

    def _show(self, lines: tuple[FindingLine, ...]) -> None:
        """The line that one was on stays under the cursor, on the line of the screen where it was."""
        before = self._lines[self.line].key if self.line < len(self._lines) else None
        self._lines = lines
        place = next((at for at, line in enumerate(lines) if line.key == before), self.line)
        moved, top = place - self.line, self.scroll_offset.y
        self.to(place)
        if moved and top:
            self.scroll_to(y=top + moved, animate=False, force=True, immediate=True)

    def restyle(self) -> None:
        """As of every pane."""
        self.refresh()

    # --- painting ---------------------------------------------------------------

    @property
    def count(self) -> int:
        """As of `LineList`."""
        return len(self._lines)

    @property
    def body(self) -> int:
        """As of `LineList`: the last one explains, where there is room; one says what was not judged."""
        height = self.size.height
        return max(height - (1 + bool(self._progress.told)) if height >= _WHY_LEAST else height, 1)

    def render_line(self, y: int) -> Strip:
        """One line."""
        width = self.room
        if y == self.size.height - 2 >= self.body:
            style = ink.bad if self._progress.bad else ink.warn
            return self._strip([Segment(shorten(f" {self._progress.told}", width), style)])
        if not self._lines:
            words = plain.is_ascii(self.app)
            return self._strip(
                guidance(y, width, complete=self._complete and self._progress.done, words=words)
            )
        if y >= self.body:
            return self._strip([Segment(shorten(f" {self._lines[self.line].why}", width), ink.dim)])
        number = self.scroll_offset.y + y
        if number >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        here, line = number == self.line, self._lines[number]
        on_cursor = ink.on_cursor if self.has_focus else ink.on_cursor_unfocused
        chosen = self._session.chosen
        drawn = chosen is not None and line.key == line_key(chosen.finding)
        return self._strip(painted(line, width, drawn=drawn), on_cursor if here else None)

    def _strip(self, segments: list[Segment], under: Style | None = None) -> Strip:
        """A whole line; the style that is applied first wins."""
        strip = Strip(segments).adjust_cell_length(self.room)
        return (strip if under is None else strip.apply_style(under)).apply_style(self.rich_style)

    # --- keys and mouse -----------------------------------------------------------

    def _choose(self) -> bool:
        """The timeline draws the finding of the line; whether it is one."""
        line = self._lines[self.line] if self._lines else None
        if line is None or line.finding is None:
            return False
        judging = self._session.judging
        story = None if judging is None else judging.story(key_of(line.finding))
        self._session.chosen = chosen_of(line.finding, story)
        self.refresh()
        return True

    def action_go(self) -> None:
        """To the event of the line."""
        if not self._lines:
            return
        self._choose()
        row = self._lines[self.line].row
        if row >= 0:
            self._go_to(row)
        else:
            self._session.say(_NO_EVENT)

    def action_moment(self, which: str) -> None:
        """To one of the two events of a finding."""
        if not self._choose() or self._session.chosen is None:
            self._session.say(_NO_FINDING)
            return
        row = self._session.chosen.first if which == "first" else self._session.chosen.second
        if row >= 0:
            self._go_to(row)
        else:
            self._session.say(_NO_EVENT if which == "second" else "this one has but one event, which is B")

    def action_look(self, page: str) -> None:
        """Open a page of the finding."""
        if self._choose():
            self.app.push_screen(FindingScreen(self._session, self._lines[self.line], page), self._go_to)
        else:
            self._session.say(_NO_FINDING)

    def _go_to(self, row: int | None) -> None:
        """At once: a pane that is painted between the choice and the jump would move twice."""
        if row is not None:
            self._session.jump(row, "")
            self.post_message(self.Opened())

    def action_unchoose(self) -> None:
        """Nothing is drawn any more."""
        self._session.chosen = None
        self.refresh()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where no finding is drawn, the key is for what it is for everywhere."""
        del parameters
        return action != "unchoose" or self._session.chosen is not None

    def action_drop(self) -> None:
        """Take a watch or a bookmark away."""
        if not self._lines:
            return
        line, session = self._lines[self.line], self._session
        if line.kind == "watch":
            session.watches.remove(session.watches.all[self.line])
        elif line.kind == "mark":
            session.unmark(line.row)
        else:
            session.say("what was found stays; only watches and bookmarks can be taken away")
        self.sync()

    def on_click(self, event: events.Click) -> None:
        """Choose a line; the chosen one again: go there."""
        number = self.scroll_offset.y + event.y
        if event.y >= self.body or number >= len(self._lines):
            return
        again = number == self.line
        self.to(number)
        if again:
            self.action_go()
