"""Server-sent events: the same data however the bytes are cut, and no trust in who sends them."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.models.sse import SseError, SseParser

# No line ends, and nothing that could be a byte order mark at the beginning.
_LINES = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\n\ufeff", exclude_categories=("Cs",)), max_size=12
)
_EVENTS = st.lists(st.lists(_LINES, min_size=1, max_size=3), max_size=5)


@given(events=_EVENTS, end=st.sampled_from(["\n", "\r", "\r\n"]), cuts=st.lists(st.integers(0, 400)))
def test_events_come_out_as_they_went_in_however_lines_end_and_bytes_are_cut(
    events: list[list[str]], end: str, cuts: list[int]
) -> None:
    """Any line end, any cut, also inside a character or between CR and LF."""
    text = "".join("".join(f"data: {line}{end}" for line in lines) + end for lines in events)
    # A CR at the very end waits for its LF: a comment follows, as keep-alives do.
    encoded = (text + f": ping{end}").encode()
    edges = [0, *sorted(min(cut, len(encoded)) for cut in cuts), len(encoded)]
    parser = SseParser()
    got = [data for first, last in itertools.pairwise(edges) for data in parser.feed(encoded[first:last])]
    assert got == ["\n".join(lines) for lines in events]


def test_comments_other_fields_and_empty_events_are_passed_over() -> None:
    """Keep-alives, ids and names of events carry no data."""
    parser = SseParser()
    assert parser.feed(b": ping\n\n\n\nid: 7\nevent: x\nretry: 10\n\ndata:a\nid\ndata: b\n\n") == ["a\nb"]


def test_an_event_without_its_blank_line_is_not_given() -> None:
    """Half an event is none: it may be torn anywhere."""
    assert SseParser().feed(b'data: {"whole": 1}\n\ndata: {"half') == ['{"whole": 1}']


def test_a_byte_order_mark_is_no_part_of_the_first_field() -> None:
    """As the standard says; some proxies send one."""
    assert SseParser().feed(b"\xef\xbb\xbfdata: x\n\n") == ["x"]


def test_bytes_that_are_no_utf8_are_refused() -> None:
    """Said in one line, not guessed around."""
    with pytest.raises(SseError, match="UTF-8"):
        SseParser().feed(b"data: \xff\n\n")


@pytest.mark.parametrize("piece", [b"x" * 65_536, b"data: " + b"x" * 4_090 + b"\n"], ids=["line", "lines"])
def test_an_endless_event_is_refused_before_it_fills_the_memory(piece: bytes) -> None:
    """Whether it is one line without an end, or lines without a blank one."""
    parser = SseParser()
    with pytest.raises(SseError, match="characters"):
        any(parser.feed(piece) for _ in range(300))
