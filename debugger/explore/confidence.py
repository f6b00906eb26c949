"""What schedules that found nothing are worth, in numbers that hold."""

from __future__ import annotations

from typing import Final

from debugger.explore.plan import Searched, pct_choices
from debugger.explore.verdicts import Confidence

_SURE: Final = 0.95
_SMALL: Final = 0.0005


def pct_bound(depth: int, lanes: int, choices: int, runs: int) -> float:
    """The least chance that so many runs of PCT hit a bug of this depth, if there is one (ASPLOS 2010)."""
    if not runs:
        return 0.0
    one: float = 1 / (max(lanes, 1) * max(choices, 1) ** (depth - 1))
    return float(1 - (1 - one) ** runs)


def random_bound(runs: int) -> float:
    """The share of random schedules that fail is less than this, with 95%; 3 / runs, nearly."""
    return float(1 - (1 - _SURE) ** (1 / runs)) if runs else 1.0


def confidence(searched: Searched) -> Confidence:
    """Of a search that found nothing."""
    lanes, singles = searched.lanes, searched.singles
    choices = pct_choices(singles)
    told: list[str] = []
    best = 0.0
    for depth, runs in sorted(searched.usual.items()):
        bound = pct_bound(depth, lanes, choices, runs)
        best = max(best, bound)
        power = "" if depth == 2 else f"^{depth - 1}"  # noqa: PLR2004 - to the first
        told.append(
            f"PCT, d={depth}: each of {runs:,} schedules had a chance of at least 1/(n·k{power}) to hit "
            f"a bug of depth {depth} within the first k={choices:,} choices and n={lanes:,} lanes, so all of "
            f"them {_percent(bound)}"
        )
    if delayed := searched.delayed:
        of = "every one" if delayed >= singles else f"{delayed:,}"
        told.append(f"delay-bounded: {of} of the {singles:,} schedules with one delay was run")
    if runs := searched.schedules["random"]:
        told.append(
            f"random: {runs:,} schedules passed, so with 95% fewer than {_percent(random_bound(runs))} of "
            "random schedules fail"
        )
    return Confidence("; ".join(told), best, dict(searched.schedules), lanes, searched.choices)


def _percent(share: float) -> str:
    if share < _SMALL:
        return f"{share:.1e}"
    return f"{share:.1%}"
