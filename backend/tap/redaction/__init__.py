"""What must not leave the process is taken out before any sink sees it: ``Tap(…, redact=Redaction())``."""

from __future__ import annotations

from backend.tap.redaction.config import ALL_GROUPS, Redaction, load_redaction
from backend.tap.redaction.redactor import Redactor

__all__ = ["ALL_GROUPS", "Redaction", "Redactor", "load_redaction"]
