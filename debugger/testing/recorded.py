"""The program under test, recorded and judged."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from backend.tap import Recorder, Tap, watch

if TYPE_CHECKING:
    from backend.tap import Sink
    from debugger.report import Report, Severity

F = TypeVar("F", bound=Callable[..., Any])


class RacesFoundError(AssertionError):
    """What was found is as bad as the test allows, or worse; the message explains it."""


class Recorded:
    """Fixture ``doubletalk``: a tap that begins when it is first used, and a verdict.

    A program that makes a tap of its own takes `sink` for it: ``Tap("app", sinks=(doubletalk.sink,))``.
    """

    def __init__(
        self, name: str, path: Path, *, fail_on: Severity | None = "error", rules: Sequence[Path] = ()
    ) -> None:
        self.path = path
        self._name = name
        self._fail_on = fail_on
        self._rules = tuple(rules)
        self._tap: Tap | None = None
        self._sink: Recorder | None = None
        self._checked = False

    @property
    def tap(self) -> Tap:
        """The tap; use it first inside the running loop, so that tasks report themselves."""
        if self._tap is None:
            self._tap = Tap(self._name, sinks=(self._new_sink(),))
            self._tap.start()
        return self._tap

    @property
    def sink(self) -> Sink:
        """For a tap of the program's own."""
        return self._sink or self._new_sink()

    def watch(self, component: str | None = None, *, track: Iterable[str] = ()) -> Callable[[F], F]:
        """`backend.tap.watch` on this tap."""
        return watch(self.tap, component, track=track)

    def check(self, fail_on: Severity | None = None, rules: Iterable[str | Path] = ()) -> Report:
        """Judge what was recorded so far; the recording ends with it. The test's end does it otherwise.

        Raises:
            RacesFoundError: there are findings of ``fail_on`` or worse.
            UserError: a file of rules has a mistake.
        """
        from debugger.checking import Asked, judge_one, report_of  # noqa: PLC0415 - loads numpy
        from debugger.checking.one import rule_files  # noqa: PLC0415

        self.close()
        self._checked = True
        files = rule_files([*self._rules, *map(Path, rules)])
        today = dt.datetime.now().astimezone().date()
        report = report_of([judge_one(Asked((str(self.path),), today, files))], fail_on or self._fail_on, 0)
        if report.failing:
            raise RacesFoundError(_told(report, self.path))
        return report

    @property
    def due(self) -> bool:
        """Whether there is a recording that was not judged yet."""
        return not self._checked and self._sink is not None

    def close(self) -> None:
        """End the recording."""
        if self._tap is not None:
            self._tap.close()
        elif self._sink is not None:
            self._sink.close()

    def _new_sink(self) -> Recorder:
        self._sink = Recorder(str(self.path))
        return self._sink


def _told(report: Report, path: Path) -> str:
    from debugger.report.text import text  # noqa: PLC0415 - only where it fails

    least = report.fail_on or "error"
    return f"{text(report, least=least)}see it: doubletalk replay {path}"
