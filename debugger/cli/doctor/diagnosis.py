"""What a check of the doctor comes to."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Verdict(StrEnum):
    """``note``: it is as it may be, and yet to be known. ``problem``: something will not work."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


class Diagnosis(Struct, frozen=True):
    """One line: of what, how it is, and where it is not well what to do."""

    about: str
    verdict: Verdict
    told: str
    fix: str = ""


def ok(about: str, told: str) -> Diagnosis:
    """All is well."""
    return Diagnosis(about, Verdict.OK, told)


def note(about: str, told: str, fix: str = "") -> Diagnosis:
    """To be known."""
    return Diagnosis(about, Verdict.NOTE, told, fix)


def problem(about: str, told: str, fix: str = "") -> Diagnosis:
    """To be mended."""
    return Diagnosis(about, Verdict.PROBLEM, told, fix)
