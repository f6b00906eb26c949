"""``doubletalk replay A B --diff``: what differs between two recordings, as text, as JSON, or on a screen."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence

import typer

from backend.errors import UserError
from debugger.analysis.diff import (
    Diff,
    DiffReport,
    Divergence,
    Place,
    Side,
    StoppedError,
    TurnDifference,
    compare,
    label_of,
    to_json,
)
from debugger.cli.inspect.printing import json_text
from debugger.cli.telling import tell
from debugger.log import EventLog
from debugger.log.moment import parse_link
from debugger.sources.file import FileSource, open_recordings
from debugger.sources.recording import SourceError
from debugger.tui.text import safe_text, value_text
from debugger.tui.units import clock_time, span, times

FORMATS = ("text", "json")

_PATH_ARROW = " ▸ "
_VALUE = 60


def run_diff(files: Sequence[str], form: str, *, ascii_only: bool = False) -> None:
    """Compare two recordings: on a screen where there is a terminal and no ``form`` (text, json) is wanted.

    Raises:
        UserError: they are not two, or there is no such form.
        SourceError: one cannot be read.
        typer.Exit: with 1 if they differ in structure; from a screen with 130 if it was broken off.
    """
    if form and form not in FORMATS:
        raise UserError(f"--format {form!r} is none: give {' or '.join(FORMATS)}")
    paths = [parse_link(file).path for file in files]
    if len(paths) != 2:  # noqa: PLR2004 - a comparison is of two
        raise UserError(
            f"--diff compares two recordings, not {len(paths)}: doubletalk replay GOOD BAD --diff"
        )
    if paths == ["-", "-"]:
        raise UserError("--diff: standard input can be only one of the two")
    sources = _opened(paths)
    if not form and sys.stdout.isatty() and sys.stdin.isatty():
        from debugger.tui.diff.launch import show  # noqa: PLC0415 - loads Textual

        code = show(sources, names(sources), ascii_only=ascii_only)
        if code:
            raise typer.Exit(code)
        return
    report = _compared(sources).report()
    if form == "json":
        sys.stdout.write(json_text(to_json(report)) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in text_of(report))
    if not report.equal:
        raise typer.Exit(1)


def _opened(paths: Sequence[str]) -> tuple[FileSource, FileSource]:
    problems: list[str] = []
    sources = []
    for path in paths:
        try:
            sources.append(open_recordings([path]))
        except SourceError as error:
            problems += error.problems
    if problems:
        raise SourceError(*problems)
    return sources[0], sources[1]


def _compared(sources: tuple[FileSource, FileSource]) -> Diff:
    logs = (EventLog(), EventLog())
    for log, source in zip(logs, sources, strict=True):
        source.load_all(log)
        for notice in source.notices:
            tell(notice)
    shows = sys.stderr.isatty()

    def progress(share: float) -> None:
        sys.stderr.write(f"\rcomparing {share:4.0%}" if share < 1 else "\r" + " " * 20 + "\r")

    try:
        return compare(*logs, names(sources), on_progress=progress if shows else None)
    except StoppedError:  # pragma: no cover - nobody asks for it here
        raise typer.Exit(130) from None


def names(sources: Iterable[FileSource]) -> tuple[str, str]:
    """What the recordings are called."""
    a, b = (("standard input" if source.paths[0] == "-" else source.paths[0]) for source in sources)
    return a, b


# --- text ----------------------------------------------------------------------------------------


def text_of(report: DiffReport) -> Iterator[str]:
    """A report for people: first where the recordings part, then each turn. Every line is safe to print."""
    for side, letter in ((report.a, "a"), (report.b, "b")):
        yield f"{letter}  {_side_words(side)}"
    yield f"   {report.matched} events have a counterpart, by {_aligned_by(report)}"
    yield ""
    if report.first is None:
        yield "no difference in structure"
    else:
        yield from _first(report, report.first)
    for turn in report.turns:
        if turn.status != "equal" or turn.latencies or turn.values:
            yield ""
            yield from _turn(turn)
    equal = sum(turn.status == "equal" for turn in report.turns)
    if equal:
        yield ""
        yield f"{equal} of {len(report.turns)} turns equal in structure"
    for side, letter in ((report.a, "a"), (report.b, "b")):
        if side.components_only_here:
            shown = ", ".join(safe_text(name, _VALUE) for name in side.components_only_here[:20])
            yield f"components only in {letter}: {shown}"
    for note in report.notes:
        yield f"not compared: {safe_text(note)}"


def _aligned_by(report: DiffReport) -> str:
    return "turn and cause" if report.alignment == "causal" else "turn and count"


def _side_words(side: Side) -> str:
    counts = ((side.events, "event"), (side.sessions, "session"), (side.turns, "turn"))
    return f"{safe_text(side.name)}: {', '.join(_many(*one) for one in counts)}"


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number != 1 else ''}"


def _first(report: DiffReport, first: Divergence) -> Iterator[str]:
    turn = report.turns[first.turn]
    lesser = f" (after {_many(first.lesser, 'lesser difference')})" if first.lesser else ""
    which = "first divergence" if report.differences else "first divergence, of those that tell little"
    yield f"{which}: {first.kind} in {_turn_name(turn)}{lesser}"
    yield f"  {safe_text(first.about)}"
    for letter, place in (("a", first.a), ("b", first.b)):
        yield f"  {letter}  {_place(place)}" if place is not None else f"  {letter}  -"
    if first.path:
        yield f"  by {_PATH_ARROW.join(safe_text(step, _VALUE) for step in first.path)}"


def _turn_name(turn: TurnDifference) -> str:
    session = turn.session_a if turn.session_a is not None else turn.session_b
    if turn.session_a != turn.session_b and turn.session_a is not None and turn.session_b is not None:
        session = f"{turn.session_a} / {turn.session_b}"
    return f"{turn.name} of {safe_text(session, _VALUE)}" if session is not None else turn.name


def _turn(turn: TurnDifference) -> Iterator[str]:
    head = f"{_turn_name(turn)}: {turn.events_a} / {turn.events_b} events"
    if turn.status in ("only_a", "only_b"):
        yield f"{head}, only in {turn.status[-1]}"
        return
    counted = [_many(turn.differences, "difference")] if turn.differences else []
    counted += [f"{turn.lesser} lesser"] if turn.lesser else []
    yield f"{head}, {', '.join(counted) or 'equal'}"
    yield from _lists(turn)
    left_out = [
        f"{count - shown} more {name}"
        for name, count, shown in (
            ("missing", turn.counts.get("missing", 0), len(turn.missing)),
            ("extra", turn.counts.get("extra", 0), len(turn.extra)),
            ("other causes", turn.counts.get("causes", 0), len(turn.causes)),
        )
        if count > shown
    ]
    if left_out:
        yield f"  … {', '.join(left_out)}"


def _lists(turn: TurnDifference) -> Iterator[str]:
    for mark, word, found in (("-", "missing", turn.missing), ("+", "extra", turn.extra)):
        for one in found:
            more = f"  (and {one.events - 1} that it caused)" if one.events > 1 else ""
            yield f"  {mark} {word:<8}{_place(one.event)}{more}"
    for move in turn.order:
        mark = "↕" if move.races else "·"
        pair = f"{_short(move.one.a)} before {_short(move.other.a)}"
        yield f"  {mark} {'order':<8}{pair}; in b after it{_often(move.count)}"
    for cause in turn.causes:
        by = (_short(one) if one is not None else "nothing" for one in (cause.cause_a, cause.cause_b))
        yield f"  ~ {'cause':<8}{_short(cause.pair.a)}: by {next(by)}; in b by {next(by)}"
    for value in turn.values:
        if value.matters:
            what = _values(value.field, value.a, value.b)
            yield f"  ~ {value.kind:<8}{what}  at {_short(value.pair.b)}{_often(value.count)}"
    numbers = [value for value in turn.values if not value.matters]
    if numbers:
        shown = "; ".join(_values(one.field, one.a, one.b) for one in numbers[:6])
        yield f"  · {'numbers':<8}{shown}{'; …' if len(numbers) > 6 else ''}"  # noqa: PLR2004 - a line of them
    for stream in turn.streams:
        what = safe_text(stream.message_type or stream.event_type, _VALUE)
        who = safe_text(stream.component, _VALUE)
        yield f"  · {'stream':<8}{who}: {what} {stream.count_a} → {stream.count_b}"
    for wait in turn.latencies:
        since = f"{span(wait.since_start_a_ns)} → {span(wait.since_start_b_ns)}"
        step = f"{span(wait.step_a_ns)} → {span(wait.step_b_ns)} ({_signed(wait.step_delta_ns)})"
        yield f"  ⧗ {'latency':<8}{_short(wait.pair.a)}: {step}; in its turn at {since}"


def _values(field: str, a: object, b: object) -> str:
    return f"{safe_text(field, _VALUE)}: {value_text(a, _VALUE)} → {value_text(b, _VALUE)}"


def _often(count: int) -> str:
    return f"  ({times(count)})" if count > 1 else ""


def _signed(ns: int) -> str:
    return f"+{span(ns)}" if ns > 0 else span(ns)


def _place(place: Place) -> str:
    number = f"#{place.seq}" if place.seq is not None else f"row {place.row}"
    return f"{number} {clock_time(place.timestamp_ns)}  {safe_text(label_of(place))}"


def _short(place: Place) -> str:
    number = f"#{place.seq}" if place.seq is not None else f"row {place.row}"
    return f"{number} {safe_text(label_of(place))}"
