"""How many examples a property is tried with: few in each run, and many when somebody asks for them.

Each run has others, so that many runs try many. `make thorough`, or ``DOUBLETALK_EXAMPLES=20`` in the
environment, tries twenty times as many at once.
"""

from __future__ import annotations

import os
from typing import Final

from hypothesis import HealthCheck, settings

_TIMES: Final = int(os.environ.get("DOUBLETALK_EXAMPLES", "1"))
_USUAL: Final = 100


def tried(examples: int) -> settings:
    """Try a property with so many examples, each of which may take as long as a busy machine lets it."""
    return settings(
        max_examples=examples * _TIMES, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )


def install() -> None:
    """As for properties that do not say how many."""
    settings.register_profile("doubletalk", tried(_USUAL))
    settings.load_profile("doubletalk")
