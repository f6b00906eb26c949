"""What could be done next about what was found."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Final

from debugger.report import Report

_SIMULATED: Final = re.compile(r"sim-(.+)-\d+")
"""Ids of events that `simulate` recorded: `backend.scenarios.play`."""
_NAMED: Final = 3


def to_prove(report: Report) -> Iterator[str]:
    """One line for each scenario of whose simulated recording something is predicted."""
    known: dict[str, str] = {}
    for one in report.open:
        if one.verdict == "predicted" and one.places:
            simulated = _SIMULATED.fullmatch(one.places[0].id)
            if simulated is not None:
                known.setdefault(simulated[1], one.path)
    for name, path in list(known.items())[:_NAMED]:
        asked = f"doubletalk explore {shlex.quote(name)} --from {shlex.quote(path)}"
        yield f"to prove what is predicted of {name}: {asked}"
