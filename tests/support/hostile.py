"""Recordings that mean harm, or were written by something broken; and what none of it may do to a terminal.

Each variant is the lines of a file. `EVERYTHING` holds all kinds of harm at once, in a conversation, so that
every pane has something to show of it.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from backend.events import Event, encode_event
from tests.support.voicebus import START_NS
from tests.support.voicelog import VoiceLog, base_lines

BELL, ESC = "\x07", "\x1b"

PLANTED: Final = (
    f"{ESC}[5;7;35m",  # blinks: nothing of ours does
    f"{ESC}[2J{ESC}[7;7H",
    f"{ESC}[?47;7l",
    f"{ESC}[6n",
    f"{ESC}]52;c;cHduZWQ={BELL}",
    f"{ESC}]0;pwned{ESC}\\",
    f"{ESC}]8;;http://pwned.example{ESC}\\",
    f"{ESC}P$qm{ESC}\\",
    f"{ESC}_pwned{ESC}\\",
    f"{ESC}c",
    "\x9b5;35m",
    "\x9d52;c;cHduZWQ=\x9c",
    "\x90pwned\x9c",
)
"""Sequences that terminals act upon, with numbers that the debugger itself never writes."""

BIDI: Final = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"

NAMES: Final = (
    *(f"p{number}{sequence}q" for number, sequence in enumerate(PLANTED)),
    f"rm -rf {BIDI} /",
    "[red]x[/nope]",
    "[@click=app.quit]press[/]",
    "[link=http://pwned.example]y[/link]",
    "$(touch pwned)`id`{0}%s%n",
    "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{PERSONAL COMPUTER}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}",
    "z" + "\u0301\u0489" * 40,
    "\u5bbd\u5b57\u7b26" * 9,
    "tab\tand\nnewline\r\vand\fnul\x00\x1f\x7f",
    "\u2028\u2029\ufeff\u200b\u00ad\U000e0041\ufff9\u3164",
    "half\ud83d",
    "\udc00\ud800",
    "",
    " ",
    "x" * 5_000,
    '" or 1=1 \\',
    "component:overseer and (",
    "#seq=1",
)

_NUMBERS: Final = ("NaN", "Infinity", "-Infinity")
_LONG: Final = 1 << 20
_DEEP: Final = 500


def line(**fields: Any) -> bytes:
    """A line with what a line must have, and `fields`."""
    event = {"timestamp": 1_795_000_000.5, "event_type": "message_published", "component": "overseer"}
    return json.dumps(event | fields).encode()


def _nested(depth: int) -> Any:
    value: Any = {"end": NAMES[0]}
    for level in range(depth):
        value = {"in": value} if level % 2 else [value]
    return value


# --- one kind of harm at a time -------------------------------------------------------


def hostile_names() -> Iterator[bytes]:
    """Every name in every field that is a name, and in payloads as key and value."""
    for turn, name in enumerate(NAMES, 1):
        ids = {"id": f"{name}-{turn}", "task": name, "source": name, "seq": turn, "turn": turn}
        common = {
            "timestamp_ns": START_NS + turn * 1_000_000,
            "message_type": name,
            "session_id": name,
            "user_id": name,
            "correlation_id": name,
            "worker_id": name,
            "reads": [name],
            "writes": [f"{name}.{name}"],
            "data": {name: name, "text": name, "list": [name, {name: name}], "worker_id": name},
            "component_state": {"state": name, name: {name: [name]}, "playing": {"worker_id": name}},
        }
        yield line(component=name, direction="publish", **ids, **common)
        received = ids | {"id": f"{name}-r{turn}", "cause": f"{name}-{turn}", "seq": turn + 100}
        yield line(component=f"{name}2", event_type="message_received", **received, **common)
        handled = received | {"id": f"{name}-h{turn}", "cause": f"{name}-r{turn}", "seq": turn + 200}
        failed = {"data": {"outcome": "error", "error_message": name, "duration_us": 5}}
        yield line(component=f"{name}2", event_type="message_handled", **handled, **(common | failed))
        yield line(component=name, event_type=name, severity=name, direction=name, **common)
        told = {
            "error_type": name,
            "error_message": name,
            "stack_trace": f"{name}\n{name}",
            "component": name,
        }
        yield line(component=name, event_type="error", severity="error", **(common | {"data": told}))
        gap = {"source": name, "from_seq": name, "to_seq": [name], "reason": {name: name}}
        yield line(event_type="system", component=name, message_type="GAP", data=gap)


def raw_bytes() -> Iterator[bytes]:
    """What JSON lets a line hold unescaped: C1, DEL, bidi controls, and bytes that are no UTF-8."""
    for name in ("\x9b5;35m", "\x9d52;c;cHduZWQ=\x9c", "\x7f", BIDI, "\u2028\ufeff"):
        fields = {"component": name, "message_type": name, "data": {name: name}, "session_id": name}
        event = {"timestamp": 1_795_000_000, "event_type": "message_published"} | fields
        yield json.dumps(event, ensure_ascii=False).encode()
    half = {"text": "half\ud83d", "\udc00\ud800": ["\ud800"], "state": "\udfff"}
    yield line(data=half, component_state=half, message_type="COMPLETE_TRANSCRIPT", turn=1, session_id="s")
    yield line(event_type="state_change", component_state=half | {"n": 10**40}, session_id="s")
    yield line(data={"text": "@"}).replace(b"@", b"\xff\xfe\x9b")
    yield b'\xef\xbb\xbf{"timestamp":1,"event_type":"system","component":"\xed\xa0\x80"}'


def strange_numbers() -> Iterator[bytes]:
    """Tokens that are no JSON, and numbers beyond what columns hold."""
    for token in _NUMBERS:
        yield line(timestamp="@").replace(b'"@"', token.encode())
        yield line(data={"n": "@"}).replace(b'"@"', token.encode())
        yield line(component_state={"n": "@"}).replace(b'"@"', token.encode())
    for number in ("1e999", "-1e999", "1e308", "-0.0", "5e-324", "9" * 400, "-1"):
        yield line(timestamp="@").replace(b'"@"', number.encode())
        yield line(data={"n": "@", "chunk_index": "@"}).replace(b'"@"', number.encode())
        yield line(component_state={"n": "@"}).replace(b'"@"', number.encode())
    for field in ("seq", "turn", "timestamp_ns", "mono_ns"):
        for whole in (0, -1, 2**31, 2**32, 2**53 + 1, 2**63 - 1, -(2**63), 2**63, 2**64, 10**40):
            yield line(**{field: whole, "session_id": "s", "source": "s"})


def wrong_types() -> Iterator[bytes]:
    """Each field with a value of each type, and lines that are no events at all."""
    fields = sorted({*Event.__struct_fields__})
    values: tuple[Any, ...] = (None, True, 7, -1.5, "text", [], [1], {}, {"a": []})
    for field, value in itertools.product(fields, values):
        yield line(**{field: value})
    for field in ("timestamp", "event_type", "component"):
        event = json.loads(line())
        del event[field]
        yield json.dumps(event).encode()
    yield from (b"", b"   ", b"null", b"[]", b'"', b"{", b"}", b"\x00" * 40, b"{}{}", b"plain text", b"\xff")


def wrong_payloads() -> Iterator[bytes]:
    """Messages that panes look into, with each of their keys of each type."""
    kinds = {
        "TEXT_CHUNK": ("chunk_index", "text", "is_final", "queued"),
        "CHUNK_RESPONSE": ("worker_id", "request_id", "next_index"),
        "TTS_AUDIO_CHUNK": ("audio_index", "bytes", "duration_ms", "worker_id"),
        "COMPLETE_TRANSCRIPT": ("text", "speech_ms"),
        "AUDIO_OUTPUT_COMPLETE": ("played", "interrupted", "worker_id"),
        "LLM_EVENT": ("event", "stream_id", "finish_reason"),
        "RECORDING_STARTED": ("schema", "topology", "source"),
        "RECORDING_ENDED": ("count",),
        "GAP": ("from_seq", "to_seq", "reason", "source"),
    }
    values: tuple[Any, ...] = (None, True, -3, 1e300, "\x1b[5;7;35m", [[]], {"a": {"b": []}})
    for turn, (kind, keys) in enumerate(kinds.items(), 1):
        event_type = "message_published" if turn < 7 else "system"
        for key, value in itertools.product(keys, values):
            data = {key: value}
            yield line(event_type=event_type, message_type=kind, data=data, turn=turn, session_id="s")
    for value in values:
        topology = {"bus": value, "components": value, "subscriptions": value, "sessions": value}
        for told in (topology, {"subscriptions": {"a": value}}, {"components": [value]}):
            yield line(event_type="system", message_type="RECORDING_STARTED", data={"topology": told})
        for kind in ("message_handled", "state_change", "task_spawned", "task_finished", "lock_acquired"):
            data = dict.fromkeys(("outcome", "duration_us", "from", "to", "reason", "child", "lock"), value)
            state = dict.fromkeys(("state", "playing", "current_worker", "workers"), value)
            yield line(event_type=kind, task="t", data=data, component_state=state, session_id="s")


def large_payloads() -> Iterator[bytes]:
    """A string of a megabyte, nesting, a wide object, a long list."""
    yield line(data={"text": "\u5bbd" * (_LONG // 3)}, component_state={"state": "y" * _LONG})
    yield line(data=_nested(_DEEP), component_state=_nested(_DEEP))
    depth = 20_000
    yield line(data="@").replace(b'"@"', b'{"a":' * depth + b"1" + b"}" * depth)
    yield line(data={"a": "@"}).replace(b'"@"', b"[" * depth + b"]" * depth)
    yield line(data={f"k{number}": number for number in range(5_000)})
    yield line(component_state={"list": list(range(20_000)), **{f"k{number}": 0 for number in range(3_000)}})
    yield line(component_state={"state": "after"})


def tangled_causes() -> Iterator[bytes]:
    """Ids that many have, causes in circles, in the future, of itself, of nobody; clocks that run back."""
    for number in range(40):
        at = START_NS + (40 - number) * 50_000_000
        yield line(id="same", cause="same", timestamp_ns=at, task="one", turn=number % 3, session_id="s")
        yield line(id=f"a{number}", cause=f"b{number}", timestamp_ns=at, task="two", turn=1, session_id="s")
        received = {"event_type": "message_received", "component": "llm_orchestrator"}
        yield line(id=f"b{number}", cause=f"a{number}", timestamp_ns=at - 7, task="one", **received)
        yield line(id=f"self{number}", cause=f"self{number}", timestamp_ns=at)
        yield line(id=f"early{number}", cause=f"late{number}", timestamp_ns=at, seq=40 - number, source="p")
        yield line(id=f"lost{number}", cause="nobody", timestamp_ns=at, seq=1, source="p")
        yield line(id="", cause="", timestamp_ns=-at, mono_ns=-at)
    for number in range(40):
        yield line(id=f"late{number}", timestamp_ns=START_NS * (number % 2), timestamp=0.0)


# --- whole recordings -----------------------------------------------------------------


def everything() -> list[bytes]:
    """All of it, between the turns of a conversation."""
    talk = _talk(turns=3)
    third = len(talk) // 3
    return [
        *talk[:third],
        *hostile_names(),
        *raw_bytes(),
        *talk[third : 2 * third],
        *strange_numbers(),
        *wrong_types(),
        *wrong_payloads(),
        *talk[2 * third :],
        *tangled_causes(),
        *large_payloads(),
    ]


def base_format() -> list[bytes]:
    """Only the ten fields that every producer has, with hostile names among them."""
    events = VoiceLog(3, turns=2).events
    ten = {*json.loads(base_lines(events[:1]))}
    foreign = [
        {name: one for name, one in json.loads(each).items() if name in ten} for each in hostile_names()
    ]
    return [*base_lines(events).splitlines(), *(json.dumps(one).encode() for one in foreign)]


def many_components(count: int = 10_000) -> list[bytes]:
    """Each sends to the next, and has a state."""
    lines = []
    for number in range(count):
        common = {"session_id": "s", "timestamp_ns": START_NS + number * 1_000, "turn": 1 + number % 7}
        lines.append(line(component=f"c{number}", id=f"p{number}", message_type=f"M{number % 900}", **common))
        receiver = {"event_type": "message_received", "component": f"c{(number + 1) % count}"}
        state = {"component_state": {"state": f"S{number}", "n": number}}
        lines.append(
            line(
                cause=f"p{number}",
                message_type=f"M{number % 900}",
                task=f"t{number}",
                **receiver,
                **state,
                **common,
            )
        )
    return lines


def many_sessions(count: int = 2_000) -> list[bytes]:
    """Each with a turn, a worker and a task of its own, and a state of the same component."""
    lines = []
    for number in range(count):
        own = {"session_id": f"s{number}", "worker_id": f"w{number}", "task": f"t{number}", "turn": number}
        at = {"timestamp_ns": START_NS + number * 1_000_000, "source": f"p{number}", "seq": 1 + number}
        state = {"state": "IDLE" if number % 2 else "THINKING", "n": number}
        lines.append(line(message_type="COMPLETE_TRANSCRIPT", data={"text": "hi"}, **own, **at))
        lines.append(line(event_type="state_change", component_state=state, **own, **at))
    return lines


def only_broken() -> list[bytes]:
    """Not one line of it is an event."""
    return [b"What a nice day.", b'{"timestamp":"then"}', b"[1]", f"{ESC}[5;7;35m{BIDI}".encode()]


def one_event() -> list[bytes]:
    """A row, and it has almost nothing."""
    return [line()]


def nothing() -> list[bytes]:
    """An empty recording."""
    return []


VARIANTS: Final[dict[str, Callable[[], Iterable[bytes]]]] = {
    "everything": everything,
    "names": hostile_names,
    "raw": raw_bytes,
    "numbers": strange_numbers,
    "types": wrong_types,
    "payloads": wrong_payloads,
    "large": large_payloads,
    "causes": tangled_causes,
    "base": base_format,
    "components": many_components,
    "sessions": many_sessions,
    "broken": only_broken,
    "one": one_event,
    "nothing": nothing,
}


def recording(name: str) -> bytes:
    """The content of a file of one of `VARIANTS`."""
    return b"".join(one + b"\n" for one in VARIANTS[name]())


def _talk(turns: int) -> list[bytes]:
    return [encode_event(event) for event in VoiceLog(5, turns=turns, sessions=2).events]


# --- what must not come out -----------------------------------------------------------

_UNSAFE = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{BIDI}\u2028\u2029\ud800-\udfff]")


def harm_in(text: str) -> list[str]:
    """Characters of printed text that a terminal would act upon: all controls but line ends and tabs."""
    return [text[max(at.start() - 20, 0) : at.end() + 20] for at in _UNSAFE.finditer(text)]


# As Textual and its driver write them: colours, the cursor, modes, one title, and the clipboard.
_OURS = re.compile(
    r"\x1b(?:"
    r"\[(?:[0-9]+(?:;[0-9:]+)*)?m|\[[0-9]*(?:;[0-9]+)?[HABCDGJK]|\[[<>=?]?[0-9;]*\$?[hlupqtsn]|"
    r"[78M=>]|\][0-9]+;[^\x07\x1b]*(?:\x07|\x1b\\)|\\|P[^\x1b]*)"
)
_BREAKS = "\r\n"


def harm_on_terminal(written: bytes) -> list[str]:
    """What a program wrote to its terminal that came from the data: planted sequences, controls, bidi."""
    text = written.decode("utf-8", "strict")
    found = [repr(sequence) for sequence in PLANTED if sequence in text]
    plain = _OURS.sub("", text)
    return found + harm_in(plain.translate(dict.fromkeys(map(ord, _BREAKS + BELL))))
