"""What a check found, in the forms that people, pipes and CI services read.

`Report` is the value; `render` writes it: ``text``, ``json`` (CONTRACT section 3), ``junit``, ``sarif``
(2.1.0), ``github`` (annotations) and ``gitlab`` (code quality). `markdown` is GitHub's step summary. Nothing
here reads a log, a clock or a terminal, and nothing of what was recorded acts on whatever shows it.
"""

from __future__ import annotations

from debugger.report.escape import shortened
from debugger.report.formats import FORMATS, markdown, render
from debugger.report.model import (
    SEVERITIES,
    Found,
    Input,
    Place,
    Report,
    RuleText,
    Severity,
    at_or_above,
)

__all__ = [
    "FORMATS",
    "SEVERITIES",
    "Found",
    "Input",
    "Place",
    "Report",
    "RuleText",
    "Severity",
    "at_or_above",
    "markdown",
    "render",
    "shortened",
]
