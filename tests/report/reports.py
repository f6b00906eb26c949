"""Reports with everything in them, and what makes them from random text."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from debugger.report import Found, Input, Place, Report, RuleText

STALE: Final = Found(
    rule="stale-worker-chunk",
    verdict="violation",
    severity="error",
    path="logs/bad.jsonl",
    message="audio of worker w1 was played after it had been replaced by w2",
    why="nothing compared the worker of the chunk with the current one",
    fix="drop chunks whose worker_id is not current_worker",
    session_id="s1",
    turn=3,
    components=("tts_orchestrator", "audio_output"),
    places=(
        Place("TTS_AUDIO_CHUNK received by audio_output", "a-120", 120, 1_795_000_000_250_000_000, "t9"),
        Place("state_change of tts_orchestrator", "a-97", 97, 1_795_000_000_100_000_000, "t4"),
    ),
    explanation=("  t4  97 ──╮", "  t9 120 ──╯ nothing orders these"),
)
PREDICTED: Final = Found(
    rule="order-race",
    verdict="predicted",
    severity="warning",
    path="logs/good.jsonl",
    message="TEXT_CHUNK and CANCEL reach text_queue_manager in either order",
    components=("text_queue_manager",),
    places=(Place("TEXT_CHUNK received", "", 7), Place("CANCEL received", "", 9)),
    times=12,
)
GAP: Final = Found(
    rule="gap",
    verdict="integrity",
    severity="warning",
    path="logs/good.jsonl",
    message="17 events are missing",
)
ACCEPTED: Final = Found(
    rule="handler-failed",
    verdict="violation",
    severity="error",
    path="logs/bad.jsonl",
    message="a handler raised",
    suppressed="known until the next release",
)
REPORT: Final = Report(
    inputs=(
        Input("logs/bad.jsonl", 1_200, 2, judged=("stale-worker-chunk", "handler-failed", "monotone")),
        Input("logs/good.jsonl", 34, 1, skipped_lines=2, causality="rebuilt", judged=("order-race", "gap")),
    ),
    findings=(PREDICTED, GAP, STALE, ACCEPTED),
    seconds=0.26,
    rules=(RuleText("stale-worker-chunk", "text or audio of a worker that is gone is played", "Long help."),),
    version="0.1.0",
)
CLEAN: Final = Report(inputs=(Input("a.jsonl", 10, 1, judged=("monotone",)),), findings=())

HOSTILE: Final = (
    "\x1b[2J\x1b]0;owned\x07 ::error::injected\n::set-output name=x::y <script>&"
    "\u202e\x00\ud800 ]]> |`a`| 100%, a:b"
)

text: Final = st.text(max_size=30) | st.just(HOSTILE)
places: Final = st.builds(Place, text, text, st.integers(0, 2**40), st.integers(-(2**63), 2**63), text)
found: Final = st.builds(
    Found,
    rule=text.map(lambda name: name or "r"),
    verdict=st.sampled_from(["violation", "predicted", "integrity"]),
    severity=st.sampled_from(["error", "warning", "info"]),
    path=text,
    message=text,
    why=text,
    fix=text,
    session_id=st.none() | text,
    turn=st.none() | st.integers(-(2**70), 2**70),
    components=st.lists(text, max_size=3).map(tuple),
    places=st.lists(places, max_size=6).map(tuple),
    times=st.integers(1, 10**6),
    explanation=st.lists(text, max_size=3).map(tuple),
    suppressed=st.just("") | text,
)


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """Any; each finding is of one of the recordings."""
    findings = draw(st.lists(found, max_size=5))
    paths = {one.path for one in findings} | set(draw(st.lists(text, max_size=2)))
    inputs = [
        Input(
            path,
            draw(st.integers(0, 10**9)),
            draw(st.integers(0, 10**6)),
            draw(st.integers(0, 10**6)),
            draw(st.sampled_from(["full", "rebuilt", "partial"])),
            tuple(draw(st.lists(text, max_size=3))),
        )
        for path in sorted(paths)
    ]
    return Report(
        inputs=tuple(inputs),
        findings=tuple(findings),
        seconds=draw(st.floats(0, 1e6)),
        fail_on=draw(st.sampled_from(["error", "warning", "info", None])),
        not_shown=draw(st.integers(0, 3)),
    )
