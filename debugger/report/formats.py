"""The forms by their names; what writes one is loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Final

from debugger.report.github import markdown
from debugger.report.model import Report

_WRITERS: Final = {
    "text": ("text", "text"),
    "json": ("as_json", "as_json"),
    "junit": ("junit", "junit"),
    "sarif": ("sarif", "sarif"),
    "github": ("github", "github"),
    "gitlab": ("as_json", "gitlab"),
    "prometheus": ("prometheus", "prometheus"),
}

FORMATS: Final = tuple(_WRITERS)

__all__ = ["FORMATS", "markdown", "render"]


def render(report: Report, form: str) -> str:
    """The whole report in one of `FORMATS`."""
    module, name = _WRITERS[form]
    write: Callable[[Report], str] = getattr(import_module(f"debugger.report.{module}"), name)
    return write(report)
