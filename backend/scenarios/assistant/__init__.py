"""Scenarios of the assistant: every race of the contract, and days with and without trouble."""

from __future__ import annotations

from typing import Final

from backend.scenarios.assistant import (
    bad_days,
    good_days,
    races_of_memory,
    races_of_sound,
    races_of_text,
    races_of_workers,
)
from backend.scenarios.assistant.rig import SETTINGS, Rig, assistant
from backend.scenarios.scenario import Scenario

__all__ = ["SCENARIOS", "SETTINGS", "Rig", "assistant"]

_MODULES = (races_of_text, races_of_workers, races_of_sound, races_of_memory, good_days, bad_days)

SCENARIOS: Final[tuple[Scenario, ...]] = tuple(
    value for module in _MODULES for value in vars(module).values() if isinstance(value, Scenario)
)
"""All of them; the races first."""
