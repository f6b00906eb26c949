"""Which scenarios are meant."""

from __future__ import annotations

from collections.abc import Sequence

from backend.errors import UserError
from backend.simulation import Tape
from debugger.explore.campaign import Unit


def units(names: Sequence[str], *, every: bool, variant: str | None) -> list[Unit]:
    """Their variants, each once, in the order in which they were named.

    Raises:
        UserError: there is no such scenario or variant, or a file of them cannot be read.
    """
    from backend.scenarios.discovery import built_in, named  # noqa: PLC0415 - loads the assistant

    found = [(one.name, one) for one in built_in()] if every else list(named(names))
    made: dict[tuple[str, str], Unit] = {}
    for at, scenario in found:
        if variant is None:
            variants: Sequence[str] = scenario.variants
        elif variant in scenario.variants:
            variants = (variant,)
        elif every:
            continue  # that has no bug to switch on
        else:
            scenario.program(variant)  # which says what it has
            raise UserError(f"{scenario.name} has no variant {variant}")
        for one in variants:
            made.setdefault((at, one), Unit(at, scenario, one))
    if not made:
        raise UserError(f"no scenario has a variant {variant!r}; there are fixed and buggy ones")
    return list(made.values())


def unit_of(tape: Tape, names: Sequence[str], at: str, again: str) -> Unit:
    """The scenario of a tape: among those named, else what was written beside it, else a built-in one.

    ``again`` is what makes it happen again, where that is no scenario.

    Raises:
        UserError: it is of none of them.
    """
    from backend.scenarios.discovery import named, of_program  # noqa: PLC0415 - loads the assistant

    if again and not names:
        raise UserError(f"the tape is of a test, which plays it first: {again}")
    if not names and not at:
        scenario, variant = of_program(tape.program)
        return Unit(scenario.name, scenario, variant)
    found = named(names or (at,))
    scenario, variant = of_program(tape.program, [one.scenario for one in found])
    name = next(one.name for one in found if one.scenario is scenario)
    return Unit(name, scenario, variant)
