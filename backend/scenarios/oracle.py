"""What a scenario says of its own outcome."""

from __future__ import annotations


def require(holds: object, otherwise: str) -> None:
    """As ``assert``, which ``python -O`` would leave out.

    Raises:
        AssertionError: it does not hold.
    """
    if not holds:
        raise AssertionError(otherwise)
