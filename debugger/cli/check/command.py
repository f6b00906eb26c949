"""The command and its options."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct
from msgspec.structs import replace

from backend.errors import UserError
from debugger.checking import cores, known_before, report_of
from debugger.checking.one import rule_files, rule_texts
from debugger.checking.reports import as_findings
from debugger.cli.check.hints import to_prove
from debugger.cli.check.recordings import recordings_meant
from debugger.cli.check.watching import changes
from debugger.cli.fleets import EngineOption, JobsOption, progress_of
from debugger.cli.ranges import FromOption, ToOption
from debugger.cli.rules import RulesOption
from debugger.cli.telling import note, tell
from debugger.fleet import CheckOptions, check_fleet, engine_named
from debugger.report import SEVERITIES, Report, Severity, markdown, render
from debugger.report.text import text

if TYPE_CHECKING:
    from debugger.analysis.rules import Baseline

_WIDTH = 100
_SUMMARY = "GITHUB_STEP_SUMMARY"


class Format(StrEnum):
    """Of a report."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"
    SARIF = "sarif"
    GITHUB = "github"
    GITLAB = "gitlab"
    PROMETHEUS = "prometheus"


class FailOn(StrEnum):
    """From which severity on a finding is a failure."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    NEVER = "never"


class Options(Struct, frozen=True):
    """What was asked for."""

    paths: tuple[str, ...]
    form: Format
    output: Path | None
    fail_on: FailOn
    rules: tuple[Path, ...]
    baseline: Path | None
    write_baseline: Path | None
    together: bool
    jobs: int
    engine: str | None
    verbose: bool
    since: str | None = None
    until: str | None = None


def check(  # noqa: PLR0913 - the options of a command
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH...", help="Recordings, stores, folders, patterns; - is stdin."),
    ] = None,
    *,
    form: Annotated[Format, typer.Option("--format", "-f", help="What is printed.")] = Format.TEXT,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Into a file instead of stdout.")
    ] = None,
    fail_on: Annotated[FailOn, typer.Option(help="The mildest finding that fails.")] = FailOn.ERROR,
    rules: RulesOption = None,
    explain: Annotated[
        str | None, typer.Option(metavar="RULE", help="Print what a rule is about, and stop.")
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Findings that are known, and do not fail.")
    ] = None,
    write_baseline: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write what is found now, for --baseline.")
    ] = None,
    together: Annotated[
        bool, typer.Option("--together", help="All files are one story: merge them, judge them as one.")
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Check again whenever a file changes.")] = False,
    jobs: JobsOption = 0,
    engine: EngineOption = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="In text, tell what is mild or accepted too.")
    ] = False,
    since: FromOption = None,
    until: ToOption = None,
) -> None:
    """Say what went wrong in recordings, what could have, and what they cannot tell.

    Exits with 1 when there is a finding as bad as --fail-on, with 2 when something cannot be read.
    """
    if explain is not None:
        sys.stdout.write(f"{_explained(explain, tuple(rules or ()))}\n")
        return
    if not paths:
        raise UserError("name a recording, a folder of recordings, or - for stdin")
    if watch and "-" in paths:
        raise UserError("--watch cannot look at stdin; name a file")
    if watch and engine_named(engine).elsewhere:
        raise UserError("--watch looks at files of this machine; leave out --engine")
    asked = Options(
        paths=tuple(paths),
        form=form,
        output=output,
        fail_on=fail_on,
        rules=tuple(rules or ()),
        baseline=baseline,
        write_baseline=write_baseline,
        together=together,
        jobs=jobs,
        engine=engine,
        verbose=verbose,
        since=since,
        until=until,
    )
    if not watch:
        raise typer.Exit(_check(asked))
    for _ in changes(lambda: [*_there(asked.paths), *map(str, asked.rules)]):
        _check_told(asked)
        note(f"-- {dt.datetime.now().astimezone():%H:%M:%S}: waiting for changes, Ctrl-C ends --")


def _explained(rule: str, files: tuple[Path, ...]) -> str:
    from debugger.analysis.rules import explain, load_rules  # noqa: PLC0415 - loads numpy

    try:
        return explain(rule, load_rules(rule_files(files)))
    except KeyError as error:
        raise UserError(str(error.args[0])) from None


def _there(paths: tuple[str, ...]) -> list[str]:
    """What is there now: in a folder that is watched, files come and go."""
    try:
        return recordings_meant(paths)
    except UserError:
        return []


def _check_told(asked: Options) -> None:
    """As `_check`; a mistake is told, and does not end the watch."""
    try:
        _check(asked)
    except UserError as error:
        tell(error)


def _check(asked: Options) -> int:
    began = time.monotonic()
    today = dt.datetime.now().astimezone().date()
    rules = rule_files(asked.rules)
    known = _baseline(asked.baseline)
    meant = _in_range(recordings_meant(asked.paths), asked)
    groups = [tuple(meant)] if asked.together else [(path,) for path in meant]
    with progress_of("checking", len(groups)) as progress:
        options = CheckOptions(today, rules)
        fleet = check_fleet(groups, options, engine_named(asked.engine), asked.jobs or cores(), progress)
    judged = fleet.judged
    least = next((one for one in SEVERITIES if one == asked.fail_on), None)
    report = report_of(judged, least, time.monotonic() - began)
    if asked.form is Format.SARIF:
        report = _with_our_own(report, rules)
    if known is not None:
        report = known_before(report, known)
    for one in judged:
        for notice in one.notices:
            note(notice)
        for problem in one.error.splitlines():
            tell(problem)
    for problem in fleet.problems:
        tell(problem)
    unreadable = bool(fleet.problems) or any(one.error for one in judged)
    if report.inputs:
        _write(report, asked)
    for hint in to_prove(report) if asked.form is Format.TEXT else ():
        note(hint)
    return 2 if unreadable else 1 if report.failing else 0


def _in_range(paths: list[str], asked: Options) -> list[str]:
    """The recordings, each with the time range that is asked for."""
    if asked.since is None and asked.until is None:
        return paths
    from debugger.sources.store import with_range  # noqa: PLC0415 - loads numpy

    return with_range(paths, asked.since, asked.until)


def _with_our_own(report: Report, rules: tuple[tuple[str, str], ...]) -> Report:
    """The report, with what is told of this program and its rules."""
    from importlib.metadata import version  # noqa: PLC0415 - reads what is installed

    return replace(report, rules=rule_texts(rules), version=version("doubletalk"))


def _baseline(path: Path | None) -> Baseline | None:
    if path is None:
        return None
    from debugger.analysis.rules import Baseline, BaselineError  # noqa: PLC0415 - loads numpy

    try:
        return Baseline.load(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}; --write-baseline makes one") from None
    except BaselineError as error:
        raise UserError(f"{path}: {error}") from None


def _write(report: Report, asked: Options) -> None:
    if asked.form is Format.TEXT:
        to_terminal = asked.output is None and sys.stdout.isatty()
        width = shutil.get_terminal_size().columns if to_terminal else _WIDTH
        mildest: Severity = "info" if asked.verbose or asked.fail_on is FailOn.INFO else "warning"
        written = text(report, width, mildest)
    else:
        written = render(report, asked.form)
    if asked.output is None:
        sys.stdout.write(written)
        sys.stdout.flush()  # a watch goes on
    else:
        _put(asked.output, written.encode(), "wb")
    if asked.write_baseline is not None:
        from debugger.analysis.rules import Baseline  # noqa: PLC0415 - loads numpy

        _put(asked.write_baseline, Baseline.of(as_findings(report)).dump(), "wb")
    summary = os.environ.get(_SUMMARY)
    if asked.form is Format.GITHUB and summary:
        _put(Path(summary), markdown(report).encode(), "ab")


def _put(path: Path, written: bytes, mode: str) -> None:
    try:
        with path.open(mode) as file:
            file.write(written)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from None
