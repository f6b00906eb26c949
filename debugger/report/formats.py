"""The forms by their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from debugger.report.as_json import as_json, gitlab
from debugger.report.github import github, markdown
from debugger.report.junit import junit
from debugger.report.model import Report
from debugger.report.sarif import sarif
from debugger.report.text import text

FORMATS: Final[dict[str, Callable[[Report], str]]] = {
    "text": text,
    "json": as_json,
    "junit": junit,
    "sarif": sarif,
    "github": github,
    "gitlab": gitlab,
}

__all__ = ["FORMATS", "markdown", "render"]


def render(report: Report, form: str) -> str:
    """The whole report in one of `FORMATS`."""
    return FORMATS[form](report)
