"""What a redaction names is in nothing that leaves the process; all else is as it was."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import UserError
from backend.events.messages import ChunkResponse
from backend.tap import Batch, Probe, Recorder, Scope, Tap, within
from backend.tap.hub import Hub
from backend.tap.redaction import Redaction, Redactor, load_redaction

SECRETS = {
    "ada@example.org": "email",
    "jörg.müller+x@post.example.de": "email",
    "+49 151 23456789": "phone",
    "+1 (555) 234-5678": "phone",
    "+442079460958": "phone",
    "(555) 234-5678": "phone",
    "555-234-5678": "phone",
    "030 1234567": "phone",
    "sk-proj-abcdefghijklmnop1234": "credentials",
    "AKIAIOSFODNN7EXAMPLE": "credentials",
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789": "credentials",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N": "credentials",
}
AROUND = {
    "postgres://app:hunter2@db.internal/x": (
        "app:hunter2",
        "postgres://[redacted:credentials]@db.internal/x",
    ),
    "Authorization: Bearer abcdef0123456789": (
        "abcdef0123456789",
        "Authorization: Bearer [redacted:credentials]",
    ),
    "header bEARer abcdef0123456789": ("abcdef0123456789", "header bEARer [redacted:credentials]"),
    "client = Client(api_key='k-123', retries=3)": (
        "k-123",
        "client = Client(api_key='[redacted:credentials]', retries=3)",
    ),
    "DB_PASSWORD=hunter2": ("hunter2", "DB_PASSWORD=[redacted:credentials]"),
    "GET /v1?token=abcdefgh12&page=2": ("abcdefgh12", "GET /v1?token=[redacted:credentials]&page=2"),
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----\n": (
        "MIIEow",
        "[redacted:credentials]\n",
    ),
}


class Kept:
    """A sink that keeps all."""

    def __init__(self) -> None:
        self.text = b""

    def write(self, batch: Batch) -> None:
        self.text += batch.jsonl

    def close(self) -> None:
        """Nothing is open."""

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.mark.parametrize(("secret", "label"), SECRETS.items())
def test_what_is_known_is_found_in_any_text(secret: str, label: str) -> None:
    """Alone, in a sentence, before a full stop, in quotes."""
    redactor = Redactor(Redaction())
    token = f"[redacted:{label}]"
    for text in ("{}", "call {} now", "it is {}.", '"{}"', "({})", "a={},b", "äöü {}\n"):
        assert redactor.text(text.format(secret)) == text.format(token)


@pytest.mark.parametrize("text", AROUND)
def test_what_is_around_a_credential_stays(text: str) -> None:
    """So that the event is still of use."""
    secret, told = AROUND[text]
    redacted = Redactor(Redaction()).text(text)
    assert secret not in redacted
    assert redacted == told


NUMBERS = st.one_of(
    st.integers(0, 2**64).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.floats(allow_nan=False, allow_infinity=False).map("{:+.6f}".format),
    st.datetimes().map(lambda moment: moment.isoformat()),
    st.datetimes().map(lambda moment: f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond:06}+01:00"),
    st.datetimes().map("{:%d/%m/%Y %H:%M}".format),
    st.uuids().map(str),
    st.ip_addresses().map(str),
    st.from_regex(r"[a-z]{2,12}-[0-9a-f]{8}(?:-\d{1,7}|/[a-z]\d{1,5})", fullmatch=True),
    st.from_regex(r"s\d{1,4}_\d{1,3}_[A-Z]{3,10}_[A-Z]{3,10}", fullmatch=True),
    st.from_regex(r"v?\d{1,3}\.\d{1,3}\.\d{1,4}(?:\.dev\d+)?", fullmatch=True),
    st.from_regex(r"[0-9a-f]{40}|[0-9a-f]{64}", fullmatch=True),
)


@given(NUMBERS, st.sampled_from(["{}", "at {} it", "({})", "x={}"]))
def test_numbers_times_and_ids_are_nobodys_phone(number: str, around: str) -> None:
    """Few false hits: what a log is full of is left as it is."""
    text = around.format(number)
    assert Redactor(Redaction()).text(text) == text


@pytest.mark.parametrize(
    "text",
    ["max_tokens: 512", "tokens=17", "the key: C major", "pip install tool@2.0.1", "bearer of bad news",
     "a@b", "x @ y.com", "skill-tree-and-more-of-it", "secretary", "http://example.com/@name", "AKIA",
     "+1.23456789"],
)  # fmt: skip
def test_words_that_look_alike_are_left(text: str) -> None:
    """Prose and code are no credentials."""
    assert Redactor(Redaction()).text(text) == text


def test_keys_are_found_by_glob_and_path_in_any_case() -> None:
    """Whatever is there is taken out, also a number or an object; what says that there is nothing stays."""
    redactor = Redactor(Redaction(keys=("account", "caller.id", "*pin*"), keep=("data.mail.email",)))
    told = {
        "Account": {"iban": 1},
        "caller": {"ID": 7, "other": 8, "nested": [{"id": 9}, {"caller": [{"id": 10}]}]},
        "user_PIN_code": 1234,
        "Password": None,
        "api_key": "",
        "X-Api-Key": False,
        "user": {"name": "Ada", "age": 36},
        "name": "task",
        "max_tokens": 5,
    }
    assert redactor.redacted(told) == {
        "Account": "[redacted:key]",
        "caller": {
            "ID": "[redacted:key]", "other": 8, "nested": [{"id": 9}, {"caller": [{"id": "[redacted:key]"}]}],
        },
        "user_PIN_code": "[redacted:key]",
        "Password": None,
        "api_key": "",
        "X-Api-Key": "[redacted:credentials]",
        "user": {"name": "[redacted:name]", "age": 36},
        "name": "task",
        "max_tokens": 5,
    }  # fmt: skip


def test_a_key_that_is_an_address_is_redacted_too() -> None:
    """And two of them stay two."""
    told = Redactor(Redaction()).redacted({"a@example.org": 1, "b@example.org": 2, "n": 3})
    assert told == {"n": 3, "[redacted:email]": 1, "[redacted:email] 2": 2}


def test_nothing_is_left_in_any_sink_and_causality_is(tmp_path: Path) -> None:
    """Payload, state, error with its stack trace, user, topology: recorded, kept and served without it."""
    secret = "hunter2-is-it"  # noqa: S105 - of this test

    def fail(password: str) -> None:
        raise ValueError(f"login failed for password={password} of ada@example.org")

    hub, kept = Hub(topology=lambda: {"owner": "ada@example.org"}), Kept()
    path = tmp_path / "run.jsonl"
    tap = Tap(
        "app", sinks=(hub, kept, Recorder(path)), redact=Redaction(), topology=lambda: {"email": "x@y.org"}
    )
    with tap, within(Scope("s1", "ada@example.org", 1, "s1_1_X", "w1")):
        probe = Probe(tap, "vault", lambda: {"password": secret, "state": "OPEN"})
        first = probe.emit(
            "message_published", "TEXT_CHUNK", ChunkResponse("w1", "r1", 0, f"api_key={secret}", False, 0)
        )
        probe.emit("message_received", "TEXT_CHUNK", {"child": "w1", "plain": 5}, cause=first)
        try:
            fail(secret)
        except ValueError as error:
            probe.error(error)
    whole = kept.text
    assert path.read_bytes() == whole
    assert secret.encode() not in whole
    assert b"ada@example.org" not in whole
    assert b"x@y.org" not in whole
    assert hub.topology_now() == {"owner": "[redacted:email]"}
    events = kept.events
    received = next(event for event in events if event["event_type"] == "message_received")
    assert received["cause"] == first
    assert received["data"] == {"child": "w1", "plain": 5}
    assert received["component_state"] == {"password": "[redacted:credentials]", "state": "OPEN"}
    assert (received["user_id"], received["session_id"]) == ("[redacted:email]", "s1")
    assert received["redacted"] == 2
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert "redacted" not in events[-1]


def test_what_cannot_be_looked_into_is_not_told() -> None:
    """A payload that is no JSON, or nested without end; and of a key that comes twice none is kept unseen."""
    kept = Kept()
    with Tap("app", sinks=(kept,), redact=Redaction()) as tap:
        tap.emit("x", "c", None, msgspec.Raw(b'{"note":"a@example.org","note":"fine"}'))
        tap.emit("x", "c", None, msgspec.Raw(b'{"a":' * 5000 + b'"a@example.org"' + b"}" * 5000))
        tap.emit("x", "c", None, {"number": 2**70, "odd": object(), "lone": "\ud800 b@example.org"})
    events = kept.events[1:-1]
    assert b"example.org" not in kept.text
    assert events[0]["data"] == {"note": "fine"}
    assert events[1]["data"] == {"redacted": "[redacted:unreadable]"}
    assert events[2]["data"]["number"] == 2**70
    assert events[2]["data"]["lone"] == "? [redacted:email]"


def test_what_fails_in_here_costs_the_event_and_not_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program goes on, the event is there, and what is in it is not told."""
    kept = Kept()
    tap = Tap("app", sinks=(kept,), redact=Redaction())
    tap.start()

    def broken(*_: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(tap.redactor, "_object", broken)
    sent = tap.emit("x", "c", None, {"note": "a@example.org"})
    tap.drain()
    event = next(event for event in kept.events if event["id"] == sent)
    assert event["data"] == event["component_state"] == {"redacted": "[redacted:unreadable]"}
    assert event["redacted"] == 2
    tap.close()


def test_without_redaction_nothing_of_it_is_loaded() -> None:
    """Who does not ask for it does not pay for it."""
    import subprocess
    import sys

    program = (
        "import sys, backend.tap as t; t.Tap('a').start(); print('backend.tap.redaction' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout == "False\n"


def test_distinct_values_stay_distinct_within_a_run_only() -> None:
    """Equal ones are told by the same text; another process tells another one."""
    one, other = Redactor(Redaction(distinct=True)), Redactor(Redaction(distinct=True))
    first, again, second = (one.redacted({"pin_password": value})["pin_password"] for value in (1, 1, 2))
    assert first == again != second
    assert first.startswith("[redacted:credentials:")
    assert other.redacted({"pin_password": 1})["pin_password"] != first


@pytest.mark.parametrize(
    "text",
    ["a@", "a.", "a@a.", "a@a.a", "+1 ", "+1-", "1-", "://", "://a:", "bearer ", "password=", "password: ",
     "sk-", "-----BEGIN PRIVATE KEY-----", "eyJaaaaaaaa.", "0123 ", "555-", "authorization: ",
     "x" * 50 + "@", "[redacted:"],
)  # fmt: skip
def test_no_text_takes_more_time_than_its_length(text: str) -> None:
    """Whatever it is made of: the square of this length would take an hour."""
    redactor = Redactor(Redaction(patterns={"own": "(a|a)*@(a|b|ab)*c"}))

    def seconds(size: int) -> float:
        given_text = (text * size)[:size]
        began = time.process_time()
        redactor.text(given_text)
        return time.process_time() - began

    assert min(seconds(20_000) for _ in range(2)) < 1.0
    assert seconds(80_000) < 4.0


async def test_taps_in_threads_share_nothing_that_breaks() -> None:
    """A redactor is asked from the loop, for a hello, while a drain in a thread uses it."""
    redactor = Redactor(Redaction(patterns={"own": "q+x"}))

    def work(number: int) -> list[str]:
        return [redactor.text(f"{number} {index} a@example.org qqqx") for index in range(200)]

    done = await asyncio.gather(*(asyncio.to_thread(work, number) for number in range(4)))
    assert done[2][5] == "2 5 [redacted:email] [redacted:own]"


GOOD = """
[redact]
builtin = ["email"]
keys = ["*password*", "user.name"]
words = ["Ada Lovelace"]
distinct = false
[redact.patterns]
account = "ACC-[0-9]{6,10}"
"""


def test_a_file_says_the_same(tmp_path: Path) -> None:
    """TOML, its table [redact]."""
    file = tmp_path / "redact.toml"
    file.write_text(GOOD)
    redaction = load_redaction(file)
    assert redaction.keys == ("*password*", "user.name")
    text = Redactor(redaction).text(
        "ADA LOVELACE, ACC-1234567, a@example.org, +49 151 23456789, ada lovelaces"
    )
    assert text == "[redacted:word], [redacted:account], [redacted:email], +49 151 23456789, ada lovelaces"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no table [redact]"),
        ("[redact", "is no TOML"),
        ("[redact]\nkey = ['a']", "did you mean keys"),
        ("[redact]\nkeys = 'a'", "Expected `array`"),
        ("[redact]\nkeys = ['a..b']", "is no key"),
        ("[redact]\nbuiltin = ['mail']", "there are credentials, email, phone, name"),
        ("[redact.patterns]\nx = '(a+)\\1'", "a back reference"),
        ("[redact.patterns]\nx = '('", "no regular expression"),
        ("[redact.patterns]\nx = '(?=a)b'", "cannot be used"),
        ("[redact.patterns]\nx = 'a*'", "nothing at all"),
        ("[redact.patterns]\nX = 'a'", "is no name of a pattern"),
    ],
)
def test_a_wrong_file_is_told_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    """What, where, and what there is instead: nothing starts with a redaction that is not meant."""
    file = tmp_path / "redact.toml"
    file.write_text(text)
    with pytest.raises(UserError) as caught:
        load_redaction(file)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="cannot read the redaction file"):
        load_redaction(tmp_path / "none.toml")
