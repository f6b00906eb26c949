"""The strip under the list: where one turn's time went, and how that of all is spread."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, NamedTuple

from rich.segment import Segment

from debugger.analysis.turns import HandlerTime, LatencySummary, Spread, Turn, histogram, sparkline
from debugger.tui import units
from debugger.tui.palette import ink
from debugger.tui.text import fit, safe_text, shorten, width_of
from debugger.tui.turns.bar import horizontal, spark, waterfall
from debugger.tui.turns.model import STAGES, label
from debugger.tui.turns.paint import status_style

DETAILS: Final = ("breakdown", "percentiles", "histogram", "handlers")

_NAME: Final = 15
_SPAN: Final = 8
_COUNT: Final = 7
_LEAST_BAR: Final = 8
_BINS: Final = 12


class DetailLine(NamedTuple):
    """A line of the strip; ``row`` is where a click on it leads."""

    segments: list[Segment]
    row: int | None = None


class Shown(NamedTuple):
    """What the strip is made of."""

    kind: str
    turn: Turn | None
    summary: LatencySummary
    handlers: tuple[HandlerTime, ...] = ()


def detail_lines(shown: Shown, width: int, height: int) -> list[DetailLine]:
    """At most `height` lines, the most important first."""
    if height <= 0:
        return []
    make: dict[str, Callable[[Shown, int, int], list[DetailLine]]] = {
        "breakdown": _breakdown,
        "percentiles": _percentiles,
        "histogram": _histogram,
        "handlers": _handlers,
    }
    return [_rule(shown.kind, width), *make[shown.kind](shown, width, height - 1)][:height]


def _rule(kind: str, width: int) -> DetailLine:
    """Which of the details this is, among the others."""
    segments = [Segment("─ ", ink.dimmer)]
    left = width - 2
    for name in DETAILS:
        text = f"{name} " if width > _NAME * len(DETAILS) or name == kind else ""
        segments.append(Segment(text, ink.bold if name == kind else ink.dimmer))
        left -= len(text)
    return DetailLine([*segments, Segment("─" * max(left, 0), ink.dimmer)])


# --- one turn --------------------------------------------------------------------------


def _breakdown(shown: Shown, width: int, height: int) -> list[DetailLine]:
    turn = shown.turn
    if turn is None:
        return [_text("no turn", width)]
    stages = _stages(turn, width)
    lines = [DetailLine(_head(turn, width), turn.status_row)]
    if height > len(stages) + 2:
        lines.append(_quoted("user", safe_text(turn.said), width))
    if height > len(stages) + 3:
        lines.append(_quoted("bot ", safe_text(turn.answered), width))
    return lines + stages


def _head(turn: Turn, width: int) -> list[Segment]:
    told = f"{turn.status}: {safe_text(turn.reason)}" if turn.reason else turn.status
    more = [f"{units.count(turn.events)} events"]
    if turn.agent:
        more.insert(0, f"agent {safe_text(turn.agent)}")
    if turn.tool_calls:
        more.append(f"{turn.tool_calls} tool call{'s' if turn.tool_calls > 1 else ''}")
    if turn.clock_suspect:
        more.append("the clock went backwards: no durations")
    first = f" {label(turn)} "
    told = shorten(told, max(width - width_of(first), 0))
    rest = f" · {' · '.join(more)}"
    return [
        Segment(first, ink.bold),
        Segment(told, status_style(turn.status)),
        Segment(shorten(rest, max(width - width_of(first) - width_of(told), 0)), ink.dim),
    ]


def _quoted(who: str, text: str, width: int) -> DetailLine:
    return DetailLine([Segment(f" {who} ", ink.dim), Segment(shorten(text or "-", width - 6), ink.plain)])


def _stages(turn: Turn, width: int) -> list[DetailLine]:
    """A waterfall from the end of speech to the first audio; what is missing, and the playing."""
    room = width - 4 - _NAME - _SPAN - 1
    waits = [stage for stage in turn.stages if stage.until != "end"]
    whole, begin, lines = sum(stage.duration_ns for stage in waits), 0, []
    for stage in waits:
        segments = _named(stage.until, units.span(stage.duration_ns))
        if room >= _LEAST_BAR:
            segments += waterfall(begin, stage.duration_ns, whole, room, stage.until)
        begin += stage.duration_ns
        lines.append(DetailLine(segments, turn.milestones[stage.until].row))
    since = f"since the {STAGES[turn.total_since].name}" if turn.total_since else ""
    if turn.total_ns is not None:
        total = (
            f" {fit('', 2)}{fit('voice to voice', _NAME)}{fit(units.span(turn.total_ns), _SPAN, right=True)} "
        )
        lines.append(DetailLine([Segment(total, ink.bold), Segment(since, ink.dim)]))
    played = next((stage for stage in turn.stages if stage.until == "end"), None)
    if played is not None:
        name, since = STAGES["end"].name, "since the first audio"
        if played.since != "first_audio":
            name, since = "end", f"since the {STAGES[played.since].name}"
        segments = [*_named("end", units.span(played.duration_ns), name), Segment(since, ink.dim)]
        lines.append(DetailLine(segments, turn.milestones["end"].row))
    if turn.missing:
        names = ", ".join(STAGES[name].name for name in turn.missing)
        lines.append(_text(f"not in the log: {names}", width))
    return lines


def _named(milestone: str, told: str, name: str = "") -> list[Segment]:
    look = STAGES[milestone]
    return [
        Segment(f" {look.letter} ", ink.families[look.family]),
        Segment(fit(name or look.name, _NAME), ink.plain),
        Segment(fit(told, _SPAN, right=True) + " ", ink.plain),
    ]


# --- all turns ---------------------------------------------------------------------------


def counted(summary: LatencySummary) -> str:
    """How many turns are in the figures, and why the others are not."""
    words = {"clock_suspect": "clock in doubt", "unmeasured": "not measured"}
    left_out = [f"{count} {words.get(name, name)}" for name, count in summary.excluded.items()]
    told = f"{summary.counted} of {summary.turns} counted"
    if left_out:
        told += f", left out: {', '.join(left_out)}"
    if summary.from_transcript:
        told += f"; {summary.from_transcript} from the transcript on"
    return told


def _percentiles(shown: Shown, width: int, height: int) -> list[DetailLine]:
    summary = shown.summary
    head = f"   {fit('', _NAME)}" + "".join(fit(name, _SPAN, right=True) for name in ("p50", "p95", "max"))
    lines = [
        _text(counted(summary), width),
        DetailLine([Segment(head + fit("n", _COUNT, right=True), ink.dimmer)]),
        DetailLine([Segment(f"   {fit('voice to voice', _NAME)}", ink.bold), *_spread(summary.total)]),
    ]
    if height > len(lines):
        lines.append(_spark_line(summary, width))
    for name, spread in summary.stages.items():
        look = STAGES[name]
        segments = [
            Segment(f" {look.letter} ", ink.families[look.family]),
            Segment(fit(look.name, _NAME), ink.plain),
            *_spread(spread),
        ]
        lines.append(DetailLine(segments))
    return lines


def _spread(spread: Spread) -> list[Segment]:
    told = (spread.p50_ns, spread.p95_ns, spread.max_ns)
    shown = "".join(fit("-" if one is None else units.span(one), _SPAN, right=True) for one in told)
    return [Segment(shown, ink.plain), Segment(fit(str(spread.counted), _COUNT, right=True), ink.dim)]


def _spark_line(summary: LatencySummary, width: int) -> DetailLine:
    room = max(width - _NAME - 4, 4)
    values = sparkline(summary.totals_ns, room)
    drawn = spark(values, summary.total.max_ns or 0)
    return DetailLine([Segment(f"   {fit('turn by turn', _NAME)} ", ink.dim), Segment(drawn, ink.accent)])


def _histogram(shown: Shown, width: int, height: int) -> list[DetailLine]:
    summary = shown.summary
    lines = [_text(counted(summary), width)]
    fine = 2 * math.isqrt(max(summary.counted, 1)) + 2  # more bins than that are mostly empty
    found = histogram(summary.total.values_ns, min(max(height - 1, 1), fine, _BINS))
    room = max(width - 2 * _SPAN - 4 - _COUNT, 4)
    most = max(found.counts, default=0)
    for number, count in enumerate(found.counts):
        low, high = (units.span(edge) for edge in found.edges_ns[number : number + 2])
        segments = [
            Segment(f"{fit(low, _SPAN, right=True)} … {fit(high, _SPAN)}", ink.dim),
            Segment(fit(str(count), _COUNT - 1, right=True) + " ", ink.plain),
            Segment(horizontal(count, most, room), ink.accent),
        ]
        lines.append(DetailLine(segments))
    return lines


def _handlers(shown: Shown, width: int, height: int) -> list[DetailLine]:
    if not shown.handlers:
        return [_text("no handler has ended yet", width)]
    name = max(width - 3 * _SPAN - _COUNT - 1, _NAME)
    heads = ("p50", "p95", "max")
    head = " " + fit("slowest handlers", name) + "".join(fit(one, _SPAN, right=True) for one in heads)
    lines = [DetailLine([Segment(head + fit("n", _COUNT, right=True), ink.dimmer)])]
    for one in shown.handlers[: max(height - 1, 0)]:
        times = (one.p50_ns, one.p95_ns, one.max_ns)
        told = "".join(fit(units.span(time), _SPAN, right=True) for time in times)
        lines.append(
            DetailLine(
                [
                    Segment(
                        " " + fit(f"{safe_text(one.component)} {safe_text(one.message)}", name), ink.plain
                    ),
                    Segment(told, ink.plain),
                    Segment(fit(units.count(one.count), _COUNT, right=True), ink.dim),
                ]
            )
        )
    return lines


def _text(text: str, width: int) -> DetailLine:
    return DetailLine([Segment(shorten(f" {text}", width), ink.dim)])
