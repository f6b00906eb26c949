"""A log is judged beside the interface: in a process of its own, or where there is none in small slices.

    judging = Elsewhere(log, asked)       # or Here(log, asked)
    judging.advance(clock, budget_ns)     # some ten times a second: sends what came, takes what was found
    judging.found.all                     # the findings so far; judging.upto says how far

The rows go to the process as places in the files that both have open, else as text. The log itself is the
queue: no more is sent than the process can take, so that nothing piles up however fast events come.
"""

from __future__ import annotations

from debugger.judging.asked import Asked
from debugger.judging.elsewhere import Elsewhere
from debugger.judging.found import Found
from debugger.judging.here import Here

__all__ = ["Asked", "Elsewhere", "Found", "Here", "Judging"]

Judging = Elsewhere | Here
"""Both are used in the same way."""
