"""Explains findings: what happened, what the program relied on, and what would have made it so."""

from __future__ import annotations

from debugger.analysis.explain.build import explain
from debugger.analysis.explain.records import Belief, Explanation, Moment

__all__ = ["Belief", "Explanation", "Moment", "explain"]
