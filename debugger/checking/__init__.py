"""Recordings judged: from files to a report. What `check` and the pytest plugin share; it prints nothing."""

from __future__ import annotations

from debugger.checking.cores import cores
from debugger.checking.one import Asked, Judged, judge_one
from debugger.checking.reports import known_before, report_of

__all__ = ["Asked", "Judged", "cores", "judge_one", "known_before", "report_of"]
