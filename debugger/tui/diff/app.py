"""The application of a comparison: it loads both recordings, compares them, and shows what came out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final

from textual.app import App
from textual.filter import LineFilter, NoColor
from textual.screen import Screen

from debugger.analysis.diff import Diff, StoppedError, compare
from debugger.log import EventLog
from debugger.sources.file import FileSource
from debugger.sources.recording import SourceError
from debugger.tui import plain
from debugger.tui.diff.model import DiffView
from debugger.tui.diff.screen import INTERRUPTED, DiffScreen
from debugger.tui.keys.user import apply_keys
from debugger.tui.settings import Settings
from debugger.tui.text import safe_text
from debugger.tui.themes import THEMES, apply_theme

LOOK_SECONDS: Final = 0.1
"""How often the screen looks how far the work is."""

UNREADABLE: Final = 2
_STOPPED: Final = "stopped"
_LOADING: Final = 0.4  # the share of the work that loading is, about

Sources = tuple[FileSource, FileSource]


class Work:
    """Loads and compares in a thread; `progress` and what came out can be looked at from any other."""

    def __init__(self, sources: Sources, names: tuple[str, str]) -> None:
        self._sources = sources
        self._names = names
        self._stopping = threading.Event()
        self.progress = 0.0
        self.doing = "loading"
        self.diff: Diff | None = None
        self.problem = ""

    def stop(self) -> None:
        """End it soon."""
        self._stopping.set()

    @property
    def stopped(self) -> bool:
        """Whether it ended without an answer, as was wanted."""
        return self.problem == _STOPPED

    def run(self) -> None:
        """Do it; returns early, without a result, when it was stopped."""
        try:
            logs = self._load(self._sources[0], 0.0), self._load(self._sources[1], _LOADING / 2)
            self.doing = "comparing"
            diff = compare(*logs, self._names, on_progress=self._compared, should_stop=self._stopping.is_set)
            DiffView(diff)  # what is asked first is made here, and kept
            self.diff = diff
        except StoppedError:
            self.problem = _STOPPED
        except SourceError as error:
            self.problem = " · ".join(error.problems)
        finally:
            for source in self._sources:
                source.close()

    def _load(self, source: FileSource, base: float) -> EventLog:
        log = EventLog()
        for progress in source.load(log, should_stop=self._stopping.is_set):
            if progress.total_bytes:
                done = min(progress.done_bytes / progress.total_bytes, 1.0)
                self.progress = base + done * _LOADING / 2
        if self._stopping.is_set():
            raise StoppedError
        return log

    def _compared(self, share: float) -> None:
        self.progress = _LOADING + (1 - _LOADING) * share


class DiffApp(App[None]):
    """Shows a comparison from when it is begun. ``chosen`` is what the user chose: theme and keys.

    With ``ascii_only``, nothing but ASCII is painted.
    """

    ENABLE_COMMAND_PALETTE = False
    TITLE = "doubletalk"

    def __init__(
        self,
        sources: Sources,
        names: tuple[str, str],
        *,
        chosen: Settings | None = None,
        ascii_only: bool = False,
    ) -> None:
        super().__init__()
        self.work = Work(sources, names)
        self._names = names
        self._ended = False
        self.on_started: Callable[[], None] | None = None
        chosen = chosen or Settings()
        if not apply_theme(self, chosen.theme):
            apply_theme(self, next(iter(THEMES)))
        self._edge: list[LineFilter] = [plain.AsciiFilter()] if ascii_only else []
        if self.no_color:
            self._edge.append(NoColor())  # Textual alone leaves shades of grey
        apply_keys(self, chosen.keys)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What every line passes on its way out."""
        return [*super().get_line_filters(), *self._edge]

    def get_default_screen(self) -> Screen[None]:
        """The comparison."""
        return DiffScreen(self._names)

    def on_mount(self) -> None:
        """Begin."""
        self.run_worker(self.work.run, name="compare", thread=True, exit_on_error=True)
        self._looking = self.set_interval(LOOK_SECONDS, self._look)
        self.call_after_refresh(self._look)
        if self.on_started is not None:
            self.call_after_refresh(self.on_started)

    def _look(self) -> None:
        work = self.work
        screen = self.screen_stack[0]
        if self._ended or not isinstance(screen, DiffScreen) or not screen.is_running:
            return
        if work.diff is not None:
            screen.show(DiffView(work.diff))
        elif work.problem:
            screen.say(safe_text(work.problem), bad=True)
        else:
            screen.say(f"{work.doing} {work.progress:.0%}")
            return
        self._ended = True
        self._looking.stop()

    @property
    def exit_code(self) -> int:
        """What the command ends with: 1 if they differ, 2 if one cannot be read, 130 without an answer."""
        work = self.work
        if self.return_code:
            return self.return_code
        if work.diff is not None:
            return int(not work.diff.equal)
        return UNREADABLE if work.problem and not work.stopped else INTERRUPTED

    def on_unmount(self) -> None:
        """Stop what works for it."""
        self.work.stop()
