"""Part of the service's bench: a hundred viewers, of whom some never read, and some hardly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from tests.bench.service_process import Process, emitted, fault_in, viewing

WARM_SECONDS: Final = 2.0
QUIET_SECONDS: Final = 10.0
SLOWED: Final = 0.05
FLAT: Final = 1.05
PER_PROCESS: Final = 20
_HISTORY: Final = 100_000
"""Events that a hub keeps: before there are so many, its memory grows, as it should."""

_MB: Final = 1e6


class Phases(NamedTuple):
    """What the publisher told of its time without viewers, with them, and without them again."""

    before: dict[str, Any]
    during: dict[str, Any]
    after: dict[str, Any]

    def alone(self, figure: str) -> float:
        """The better one of the two times without viewers."""
        return float(min(self.before[figure], self.after[figure]))

    def slowed(self, figure: str) -> float:
        """By how much the figure is more with viewers."""
        return float(self.during[figure]) / self.alone(figure) - 1


def _say(text: str) -> None:
    print(f"service  crowd: {text}", flush=True)


def crowd(rate: int, minutes: float, viewers: int, stuck: int, slow: int) -> bool:
    """Emit to nobody, to all of them, and to nobody again; whether it was as it should be."""
    reading = viewers - stuck - slow
    with Process("service_publisher") as publisher:
        url = publisher.line()
        quiet = min(QUIET_SECONDS, minutes * 60)
        emitted(publisher, rate, min(WARM_SECONDS, quiet))
        before = emitted(publisher, rate, quiet)
        kinds = [("read", url, min(PER_PROCESS, reading - at)) for at in range(0, reading, PER_PROCESS)]
        kinds += [("slow", url, slow)] * bool(slow) + [("stuck", url, stuck)] * bool(stuck)
        with viewing(kinds) as connected:
            during = emitted(publisher, rate, minutes * 60)
            for viewer in connected:
                viewer.tell(f"until {during['last_seq']}")
            answers = [viewer.answer() for viewer in connected]
        phases = Phases(before, during, emitted(publisher, rate, quiet))
    books: dict[str, list[dict[str, Any]]] = {"read": [], "slow": [], "stuck": []}
    for (kind, _, _), answer in zip(kinds, answers, strict=True):
        books[kind] += answer["books"]
    _print_slowed(phases)
    flat = _print_memory(during, rate)
    sound = _print_books(books, during)
    slowed = max(phases.slowed("emit_cpu_ns"), phases.slowed("emit_wall_ns"))
    _say(
        f"{'each gap told to the right viewer' if sound else 'GAPS UNTOLD'}, "
        f"memory {flat}, an emit slowed {'by under' if slowed < SLOWED else 'NOT by under'} {SLOWED:.0%}"
    )
    return sound and flat != "NOT flat" and slowed < SLOWED


def _print_slowed(phases: Phases) -> None:
    before, during, after = phases
    _say(
        f"{during['events'] / during['seconds']:,.0f} events/s for {during['seconds']:.0f} s, "
        f"{during['viewers']} viewers at the end; publisher with its feed {during['cpu']:.0%} of a core, "
        f"{before['cpu']:.0%} without viewers; others had the processor while it wanted it for "
        f"{during['waited']:.0%} of the time"
    )
    for figure, what in (("emit_cpu_ns", "CPU"), ("emit_wall_ns", "wall")):
        _say(
            f"an emit takes {during[figure]:,.0f} ns of {what}, {before[figure]:,.0f} before and "
            f"{after[figure]:,.0f} after: {phases.slowed(figure):+.1%}"
        )
    _say(
        f"it is its turn late by p50 {during['late_p50_ms']:.2f} ms, "
        f"p99 {during['late_p99_ms']:.2f} ms; without viewers {phases.alone('late_p50_ms'):.2f} "
        f"and {phases.alone('late_p99_ms'):.2f} ms"
    )


def _print_memory(during: dict[str, Any], rate: int) -> str:
    """Whether it is flat, from when the history is full."""
    samples: list[tuple[float, int]] = during["samples"]
    full = 2 * _HISTORY / rate
    known = [resident for at, resident in samples if full <= at <= max(full, during["seconds"] / 4)]
    later = [resident for at, resident in samples if at >= full]
    told = f"memory {samples[0][1] / _MB:.0f} MB at first, "
    if during["seconds"] < 2 * full or not known:
        _say(f"{told}{samples[-1][1] / _MB:.0f} MB at the end; the history is full after {full / 2:.0f} s")
        return "not told by so short a time"
    flat = max(later) <= FLAT * max(known)
    _say(
        f"{told}{max(known) / _MB:.0f} MB in the first quarter with a full history, at most "
        f"{max(later) / _MB:.0f} MB, {samples[-1][1] / _MB:.0f} MB at the end"
    )
    return "flat" if flat else "NOT flat"


def _print_books(books: dict[str, list[dict[str, Any]]], during: dict[str, Any]) -> bool:
    """Whether they balance."""
    faults = list(_faults(books, during["last_seq"]))
    read, slow = books["read"], books["slow"]
    _say(
        f"{len(read)} viewers that read lost {_sum(read, 'named'):,}, "
        f"and were dropped {_sum(read, 'dropped'):,} times"
    )
    _say(
        f"{len(slow)} slow ones received {_sum(slow, 'received'):,}, were told {_sum(slow, 'gaps'):,} gaps "
        f"of {_sum(slow, 'named'):,}, and came again {_sum(slow, 'dropped'):,} times"
    )
    _say(f"of those that never read {during['dropped'] - _sum(slow, 'dropped'):,} were dropped")
    for fault in faults:
        _say(f"NOT {fault}")
    return not faults


def _faults(books: dict[str, list[dict[str, Any]]], last: int) -> Iterator[str]:
    for kind, several in books.items():
        for one in several:
            if fault := fault_in(one, last, whole=kind == "read"):
                yield (
                    f"a viewer of those that {kind}: {fault}" if kind == "read" else f"a slow viewer: {fault}"
                )


def _sum(books: list[dict[str, Any]], figure: str) -> int:
    return sum(one[figure] for one in books)
