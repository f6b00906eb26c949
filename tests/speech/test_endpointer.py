"""The endpointer: starts and ends alternate, come in bounded time, and say when it really was."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.speech import FRAME_MS, Endpointer, EndpointSettings, SpeechEnded, SpeechStarted
from backend.speech.vad import TRANSITIONS, EndpointState, Level

SETTINGS = EndpointSettings(min_speech_ms=96, min_silence_ms=320, max_speech_ms=3_200)
VOICE, UNSURE, QUIET = 0.9, 0.42, 0.05


def events(*stretches: tuple[int, float]) -> list[SpeechStarted | SpeechEnded]:
    """What comes of `count` frames at each probability."""
    endpointer = Endpointer(SETTINGS)
    frames = itertools.chain.from_iterable([level] * count for count, level in stretches)
    return [event for level in frames if (event := endpointer.feed(level))]


def test_every_state_knows_what_every_frame_means() -> None:
    """The table has no hole."""
    assert set(TRANSITIONS) == set(itertools.product(EndpointState, Level))


def test_speech_between_silences_starts_and_ends_when_it_did() -> None:
    """20 frames of voice after 10 of silence: the times are of the sound, not of the decision."""
    assert events((10, QUIET), (20, VOICE), (30, QUIET)) == [
        SpeechStarted(10 * FRAME_MS),
        SpeechEnded(30 * FRAME_MS),
    ]


def test_a_click_is_no_speech_and_a_breath_no_end() -> None:
    """Two frames of voice start nothing; nine frames of silence end nothing."""
    assert events((5, QUIET), (2, VOICE), (30, QUIET)) == []
    assert events((5, VOICE), (9, QUIET), (5, VOICE), (20, QUIET)) == [
        SpeechStarted(0),
        SpeechEnded(19 * FRAME_MS),
    ]


def test_an_unsure_frame_changes_nothing() -> None:
    """It starts nothing, keeps speech going, and does not save a pause from being the end."""
    assert events((50, UNSURE)) == []
    assert events((4, VOICE), (50, UNSURE)) == [SpeechStarted(0)]
    assert events((4, VOICE), (1, QUIET), (20, UNSURE)) == [SpeechStarted(0), SpeechEnded(4 * FRAME_MS)]


def test_an_utterance_without_end_is_cut_at_the_longest_allowed() -> None:
    """And the next one begins at once, so nothing is lost."""
    got = events((250, VOICE))
    assert got[:3] == [SpeechStarted(0), SpeechEnded(3_200), SpeechStarted(3_200)]


@given(st.lists(st.tuples(st.integers(1, 120), st.sampled_from([VOICE, UNSURE, QUIET])), max_size=30))
def test_starts_and_ends_alternate_in_bounded_time_whatever_is_fed(
    stretches: list[tuple[int, float]],
) -> None:
    """Also: times never go back, an utterance is never too long, and `finish` closes what is open."""
    endpointer = Endpointer(SETTINGS)
    seen: list[SpeechStarted | SpeechEnded] = []
    for count, level in stretches:
        for _ in range(count):
            event = endpointer.feed(level)
            if event is None:
                continue
            delay = endpointer.now_ms - event.at_ms
            limit = SETTINGS.min_speech_ms if isinstance(event, SpeechStarted) else SETTINGS.min_silence_ms
            assert delay <= limit + FRAME_MS
            seen.append(event)
    if last := endpointer.finish():
        seen.append(last)
    assert [type(event) for event in seen] == [SpeechStarted, SpeechEnded] * (len(seen) // 2)
    times = [event.at_ms for event in seen]
    assert times == sorted(times)
    for start, end in zip(times[::2], times[1::2], strict=True):
        assert 0 < end - start <= SETTINGS.max_speech_ms + FRAME_MS
    assert endpointer.finish() is None


@pytest.mark.parametrize(
    "bad",
    [{"start_threshold": 0.2}, {"end_threshold": 0.0}, {"min_silence_ms": -1.0}, {"max_speech_ms": 100.0}],
)
def test_settings_that_make_no_sense_are_refused(bad: dict[str, float]) -> None:
    """A threshold upside down would never end an utterance."""
    with pytest.raises(ValueError):
        EndpointSettings(**bad)
