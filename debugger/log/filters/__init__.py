"""The filter language: text to a mask over the rows of a log.

`parse` turns text into terms, `terms` evaluates them. What is above only knows `Filter`.
"""

from __future__ import annotations

from debugger.log.filters.compiled import Filter, compile_filter
from debugger.log.filters.parse import FIELDS, FilterError

__all__ = ["FIELDS", "Filter", "FilterError", "compile_filter"]
