"""The resampler keeps what both rates can hold, silences what the lower one cannot, whatever the pieces."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.speech import Pcm, Resampler, Samples, resample
from tests.support.examples import tried

RATES = [8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000]


def tone(hz: float, rate: int) -> Samples:
    samples: Samples = (0.8 * np.sin(2 * np.pi * hz * np.arange(rate) / rate)).astype(np.float32)
    return samples


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("hz", [100, 1_000, 3_400])
def test_a_tone_keeps_frequency_phase_and_level(rate: int, hz: int) -> None:
    """Against the same tone computed at 16 kHz: no drift, no delay, less than -55 dB of error."""
    got = resample(Pcm(tone(hz, rate), rate), 16_000).samples
    error = (got - tone(hz, 16_000))[1_000:-1_000]
    assert np.sqrt(np.square(error).mean()) < 0.8 * 10 ** (-55 / 20)


@pytest.mark.parametrize("hz", [9_000, 10_000, 12_000, 15_000, 20_000])
def test_what_16_khz_cannot_hold_does_not_come_back_as_another_tone(hz: int) -> None:
    """Decimation without a filter would fold 10 kHz to 6 kHz; here less than a thousandth is left."""
    got = resample(Pcm(tone(hz, 48_000), 48_000), 16_000).samples[1_000:-1_000]
    assert np.sqrt(np.square(got).mean()) < 0.001 * 0.8


@tried(40)
@given(
    st.sampled_from(RATES),
    st.sampled_from(RATES),
    st.lists(st.integers(0, 700), min_size=1, max_size=8),
    st.integers(0, 2**32 - 1),
)
def test_pieces_of_any_size_give_what_the_whole_gives(
    rate_in: int, rate_out: int, sizes: list[int], seed: int
) -> None:
    """Also empty pieces; and ceil(inputs * ratio) samples in all."""
    whole = np.random.default_rng(seed).standard_normal(sum(sizes)).astype(np.float32)
    one, many = Resampler(rate_in, rate_out), Resampler(rate_in, rate_out)
    expected = np.concatenate((one.push(whole), one.flush()))
    parts = [many.push(piece) for piece in np.split(whole, np.cumsum(sizes)[:-1])]
    got = np.concatenate((*parts, many.flush()))
    assert len(expected) == -(-len(whole) * rate_out // rate_in)
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_a_rate_with_no_common_divisor_is_resampled_as_well() -> None:
    """17 011 Hz needs 16 000 phases: rounded to 4 096, still within -50 dB."""
    got = resample(Pcm(tone(1_000, 17_011), 17_011), 16_000).samples
    error = (got - tone(1_000, 16_000))[1_000:-1_000]
    assert np.sqrt(np.square(error).mean()) < 0.8 * 10 ** (-50 / 20)
