"""The patterns that rules are made of: each keeps what it must know of a key, and judges event by event."""

from __future__ import annotations

from typing import Any

from debugger.analysis.rules.patterns.absence import AbsenceJudge
from debugger.analysis.rules.patterns.base import Binding, Context, Judge
from debugger.analysis.rules.patterns.blocked import BlockedJudge
from debugger.analysis.rules.patterns.budget import BudgetJudge
from debugger.analysis.rules.patterns.columns import ColumnJudge
from debugger.analysis.rules.patterns.freshness import FreshnessJudge
from debugger.analysis.rules.patterns.live import LiveJudge
from debugger.analysis.rules.patterns.monotone import MonotoneJudge
from debugger.analysis.rules.patterns.once import OnceJudge
from debugger.analysis.rules.patterns.precedence import PrecedenceJudge
from debugger.analysis.rules.patterns.response import ResponseJudge
from debugger.analysis.rules.patterns.stalled import StalledJudge
from debugger.analysis.rules.patterns.transitions import TransitionsJudge
from debugger.analysis.rules.schema import (
    Absence,
    Blocked,
    Budget,
    Cases,
    Freshness,
    Live,
    Monotone,
    Once,
    Precedence,
    Response,
    Rule,
    Stalled,
    Transitions,
)
from debugger.log import EventLog

__all__ = ["Binding", "ColumnJudge", "Context", "Judge", "judge_of"]


def judge_of(  # noqa: C901, PLR0911 - one line a pattern
    case: Cases, rule: Rule, bindings: list[Binding], context: Context, log: EventLog
) -> Judge[Any]:
    """What judges a case."""
    match case:
        case Precedence():
            return PrecedenceJudge(case, rule, bindings, context)
        case Response():
            return ResponseJudge(case, rule, bindings, context)
        case Absence():
            return AbsenceJudge(case, rule, bindings, context)
        case Once():
            return OnceJudge(case, rule, bindings, context)
        case Monotone():
            return MonotoneJudge(case, rule, bindings, context)
        case Live():
            return LiveJudge(case, rule, bindings, context)
        case Transitions():
            return TransitionsJudge(case, rule, bindings, context)
        case Freshness():
            return FreshnessJudge(case, rule, bindings, context)
        case Budget():
            return BudgetJudge(case, rule, bindings, context, log)
        case Stalled():
            return StalledJudge(case, rule, bindings[0], context, log)
        case Blocked():
            return BlockedJudge(case, rule, bindings[0], context, log)
