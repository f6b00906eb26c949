"""Themes can be read: contrast by the figures of WCAG 2, and families apart for who is colour-blind."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from backend.events import Family
from debugger.tui.palette import Colours, ink
from debugger.tui.themes import ABOUT, HIGH_CONTRAST, HIGH_CONTRAST_LIGHT, LIGHT, THEMES, apply_theme
from tests.tui.comfort import FindingsPane, SmallApp

Vector = NDArray[np.float64]

TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = np.array([0.95047, 1, 1.08883])

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)
PROTANOPIA = np.array(
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
)

FAMILIES = [family.name.lower() for family in Family]
READ = ("foreground", "muted", "accent", "red", "green", "yellow", *FAMILIES)


def linear(colour: str) -> Vector:
    values = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    low, high = sorted(float(linear(colour) @ TO_XYZ[1]) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def lab(rgb: Vector) -> Vector:
    x, y, z = (TO_XYZ @ np.clip(rgb, 0, 1)) / WHITE
    f = [np.cbrt(v) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z)]
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def apart(one: str, other: str, seen: Vector | None = None) -> float:
    """CIE 1976 difference: 2.3 can just be noticed."""
    first, second = linear(one), linear(other)
    if seen is not None:
        first, second = seen @ first, seen @ second
    return float(np.linalg.norm(lab(first) - lab(second)))


def least_contrast(colours: Colours, names: tuple[str, ...], grounds: tuple[str, ...]) -> float:
    return min(
        contrast(getattr(colours, name), getattr(colours, ground)) for name in names for ground in grounds
    )


GROUNDS = ("background", "surface", "raised", "cursor", "cursor_unfocused")


@pytest.mark.parametrize("colours", THEMES.values(), ids=THEMES)
def test_what_is_read_has_contrast_on_every_ground(colours: Colours) -> None:
    """4.5 to 1, and 7 to 1 in high contrast; lines and what is dimmed 3 to 1."""
    high = "contrast" in colours.name
    assert least_contrast(colours, READ, GROUNDS) >= (7 if high else 4.5)
    assert least_contrast(colours, ("faint",), ("background", "surface")) >= (7 if high else 3)


@pytest.mark.parametrize("colours", THEMES.values(), ids=THEMES)
def test_the_frame_of_the_focused_pane_stands_out_from_the_others(colours: Colours) -> None:
    """It is further from the background than they are."""
    focused, others = (contrast(one, colours.background) for one in (colours.border_focused, colours.faint))
    assert focused > 1.2 * others


@pytest.mark.parametrize("colours", THEMES.values(), ids=THEMES)
def test_what_stands_on_a_colour_of_its_own_can_be_read(colours: Colours) -> None:
    """Chips and modes: the background's colour on it."""
    for name in ("accent", "red", "green", "yellow", *FAMILIES):
        assert contrast(colours.background, getattr(colours, name)) >= 4.5, name


@pytest.mark.parametrize("colours", THEMES.values(), ids=THEMES)
def test_families_are_apart(colours: Colours) -> None:
    """Pair by pair."""
    for one, other in itertools.combinations(FAMILIES, 2):
        assert apart(getattr(colours, one), getattr(colours, other)) > 18, (one, other)


@pytest.mark.parametrize(
    ("colours", "no_green", "no_red"),
    [(HIGH_CONTRAST, 20, 12), (HIGH_CONTRAST_LIGHT, 15, 4.5)],
    ids=["dark", "light"],
)
def test_in_high_contrast_families_are_apart_for_who_sees_no_red_or_no_green(
    colours: Colours, no_green: float, no_red: float
) -> None:
    """Which is one man of twelve; 2.3 can just be noticed. The letter says the same to everybody."""
    for one, other in itertools.combinations(FAMILIES, 2):
        first, second = getattr(colours, one), getattr(colours, other)
        assert apart(first, second, DEUTERANOPIA) > no_green, (one, other)
        assert apart(first, second, PROTANOPIA) > no_red, (one, other)


async def test_another_theme_is_in_force_everywhere_at_once() -> None:
    """Style sheets, what is painted, and widgets that keep what they painted."""
    app = SmallApp()
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.pause()
        try:
            assert apply_theme(app, LIGHT.name)
            await pilot.pause()
            assert ink.colours is LIGHT
            assert app.theme == LIGHT.name
            assert app.screen.query_one(FindingsPane).restyled == 1
            background = app.screen.query_one(FindingsPane).background_colors[1]
            assert background.hex.lower() == LIGHT.background
            assert not apply_theme(app, "no such theme")
            assert ink.colours is LIGHT
        finally:
            apply_theme(app, "doubletalk")


def test_each_theme_is_offered_with_a_word_about_it() -> None:
    """And is known by its own name."""
    assert list(ABOUT) == list(THEMES)
    assert all(name == colours.name for name, colours in THEMES.items())
