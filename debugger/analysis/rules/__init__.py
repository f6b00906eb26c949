"""Rules as data: what must hold of a log's events. ``voice.toml`` has the built-in ones."""

from __future__ import annotations

from debugger.analysis.rules.baseline import Baseline, BaselineError
from debugger.analysis.rules.engine import Outcome, Rules, judged
from debugger.analysis.rules.errors import RulesError
from debugger.analysis.rules.explain import explain, rule_ids
from debugger.analysis.rules.load import RuleSet, load_rules
from debugger.analysis.rules.program import Ready
from debugger.analysis.rules.suppress import suppressed

__all__ = [
    "Baseline",
    "BaselineError",
    "Outcome",
    "Ready",
    "RuleSet",
    "Rules",
    "RulesError",
    "explain",
    "judged",
    "load_rules",
    "rule_ids",
    "suppressed",
]
