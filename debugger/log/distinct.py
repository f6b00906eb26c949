"""Which numbers there are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def distinct(numbers: NDArray[Any]) -> NDArray[Any]:
    """Each once, ascending.

    As `numpy.unique` has it, which to that end alone would load `numpy.ma`: a twentieth of what a short
    command takes.
    """
    found: NDArray[Any] = np.unique(numbers, return_counts=True)[0]
    return found
