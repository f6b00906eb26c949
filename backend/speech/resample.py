"""Change of sample rate by a windowed sinc, for streams: the same result whatever the pieces."""

from __future__ import annotations

from math import gcd

import numpy as np
import numpy.typing as npt

from backend.speech.protocol import Pcm, Samples

_ZERO_CROSSINGS = 40
"""Of the sinc to each side; with the window below, -80 dB is reached within 6 % of the cutoff around it."""

_KAISER_BETA = 8.0
_ROLL_OFF = 0.93
"""The cutoff as a part of the lower Nyquist frequency: what would fold is gone just below it."""

_MAX_PHASES = 4096
"""Rates in everyday use need at most 640. A stranger ratio is rounded to a phase: -68 dB at worst."""

_BLOCK = 2048
"""Output samples computed at once; bounds the working memory whatever is pushed."""


class Resampler:
    """Turns samples at `rate_in` into samples at `rate_out` without delay: output n lies at n / rate_out."""

    def __init__(self, rate_in: int, rate_out: int) -> None:
        common = gcd(rate_in, rate_out)
        self._up, self._down = rate_out // common, rate_in // common
        self._direct = rate_in == rate_out
        if self._direct:
            return
        cutoff = _ROLL_OFF * min(1.0, rate_out / rate_in)
        self._half = int(np.ceil(_ZERO_CROSSINGS / cutoff))
        self._phases = min(self._up, _MAX_PHASES)
        self._taps = _filter_bank(self._phases, self._half, cutoff)
        # Silence before the beginning, so that output 0 has a whole filter's worth of input.
        self._tail: Samples = np.zeros(self._half - 1, np.float32)
        self._tail_at = -(self._half - 1)  # index, in the whole input, of the first sample of the tail
        self._pushed = 0
        self._next = 0  # index of the next output

    def push(self, samples: Samples) -> Samples:
        """Take the next input; give back every output that it completes."""
        if self._direct:
            return samples
        self._pushed += len(samples)
        return self._advance(samples, self._outputs_before(self._pushed - self._half))

    def flush(self) -> Samples:
        """End the input: the rest of the output, ceil(inputs * ratio) samples in all."""
        if self._direct:
            return np.zeros(0, np.float32)
        return self._advance(np.zeros(self._half + 1, np.float32), self._outputs_before(self._pushed))

    def _outputs_before(self, position: int) -> int:
        """How many outputs lie before input `position`."""
        return max(0, -(-position * self._up // self._down))

    def _advance(self, samples: Samples, end: int) -> Samples:
        held = np.concatenate((self._tail, samples))
        windows = np.lib.stride_tricks.sliding_window_view(held, 2 * self._half) if end > self._next else held
        blocks = [
            self._outputs(windows, np.arange(first, min(first + _BLOCK, end), dtype=np.int64))
            for first in range(self._next, end, _BLOCK)
        ]
        self._next = max(self._next, end)
        keep_from = self._next * self._down // self._up - (self._half - 1)
        drop = min(max(keep_from - self._tail_at, 0), len(held))
        self._tail, self._tail_at = held[drop:].copy(), self._tail_at + drop
        return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)

    def _outputs(self, windows: Samples, index: npt.NDArray[np.int64]) -> Samples:
        position, phase = np.divmod(index * self._down, self._up)
        if self._phases != self._up:
            phase = phase * self._phases // self._up
        rows = windows[position - (self._half - 1) - self._tail_at]
        out: Samples = np.einsum("ij,ij->i", rows, self._taps[phase])
        return out


def resample(pcm: Pcm, sample_rate: int) -> Pcm:
    """The same audio at another rate."""
    if pcm.sample_rate == sample_rate:
        return pcm
    resampler = Resampler(pcm.sample_rate, sample_rate)
    return Pcm(np.concatenate((resampler.push(pcm.samples), resampler.flush())), sample_rate)


def _filter_bank(phases: int, half: int, cutoff: float) -> Samples:
    """One row of 2 * half taps for each fraction of an input sample; each lets a constant pass."""
    offsets = np.arange(-half + 1, half + 1)[None, :] - (np.arange(phases) / phases)[:, None]
    window = np.i0(_KAISER_BETA * np.sqrt(np.clip(1 - (offsets / half) ** 2, 0, None)))
    taps = np.sinc(cutoff * offsets) * window
    taps /= taps.sum(axis=1, keepdims=True)
    bank: Samples = taps.astype(np.float32)
    return bank
