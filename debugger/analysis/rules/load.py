"""Rules files into a set of rules; a mistake is refused with its place, and what was perhaps meant."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, Final, TypeVar, get_args

import msgspec
from msgspec import Struct

from debugger.analysis.rules.check import Checker
from debugger.analysis.rules.errors import RulesError, near
from debugger.analysis.rules.locate import Path, Place, Places, place_of
from debugger.analysis.rules.schema import (
    SCHEMA,
    Cases,
    Event,
    File,
    MessagePair,
    Names,
    Override,
    Rule,
    Session,
    Suppress,
    listed,
)

BUILTIN: Final = ("voice.toml", "timing.toml")
"""Rules files that come with this."""

LARGEST: Final = 1 << 20
"""Characters of a rules file."""

DEEPEST: Final = 32
"""Parts of a dotted key."""

_PART: Final = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')"""
_DOTTED: Final = re.compile(rf"{_PART}(?:[ \t]*+\.[ \t]*+{_PART})*+[ \t]*+")
_DIGITS: Final = re.compile(r"[0-9_]{1000}")
_AT: Final = re.compile(r"^(?P<what>.*?)(?: - at `(?P<where>[^`]*)`)?$", re.DOTALL)
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_POSITION: Final = re.compile(
    r"^(?P<what>.*?) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$", re.DOTALL
)
_UNKNOWN: Final = re.compile(r"unknown field `([^`]*)`")
_INVALID: Final = re.compile(r"Invalid (?:enum )?value '([^']*)'")

Kind = TypeVar("Kind")


class RuleSet(Struct, frozen=True):
    """Rules as they apply: overrides are in them, disabled ones are not."""

    rules: tuple[Rule, ...]
    events: Mapping[str, Event]
    fields: Mapping[str, str | list[str]]
    names: Names
    session_ends: tuple[str, ...]
    suppress: tuple[Suppress, ...] = ()
    disabled: tuple[Rule, ...] = ()
    pairs: tuple[MessagePair, ...] = ()


def builtin_text(name: str = BUILTIN[0]) -> str:
    """A rules file that is built in: the rules of the contract, or those of timing."""
    return files("debugger.analysis.rules").joinpath(name).read_text("utf-8")


def load_rules(sources: Sequence[tuple[str, str]] = (), *, builtin: bool = True) -> RuleSet:
    """The built-in rules, and those of some files: each its name, for errors, and its text.

    A later file may change rules of an earlier one by ``[override.ID]``, and use its events and fields.

    Raises:
        RulesError: a file cannot be used.
    """
    loaded = [_File(name, builtin_text(name)) for name in BUILTIN] if builtin else []
    loaded += [_File(path, text) for path, text in sources]
    checker = Checker()
    for file in loaded:
        checker.add(file.path, file.places, file.told)
    checker.check()
    rules = {rule.id: rule for file in loaded for rule in file.told.rules}
    for file in loaded:
        for name, override in file.told.override.items():
            rules[name] = _changed(rules[name], override)
    return RuleSet(
        tuple(rule for rule in rules.values() if not rule.disabled),
        checker.events,
        checker.fields,
        _merged([file.told.names for file in loaded]),
        tuple(dict.fromkeys(name for file in loaded for name in file.told.session.ends)),
        tuple(one for file in loaded for one in file.told.suppress),
        tuple(rule for rule in rules.values() if rule.disabled),
        tuple(one for file in loaded for one in file.told.pairs),
    )


def _changed(rule: Rule, override: Override) -> Rule:
    told = {
        name: value for name in override.__struct_fields__ if (value := getattr(override, name)) is not None
    }
    within = told.pop("within", None)
    if within is not None:
        told["cases"] = [
            msgspec.structs.replace(case, within=within) if getattr(case, "within", None) else case
            for case in rule.cases
        ]
    return msgspec.structs.replace(rule, **told)


def _merged(several: list[Names]) -> Names:
    merged: dict[str, dict[str, str | list[str]]] = {name: {} for name in Names.__struct_fields__}
    for names in several:
        for kind, told in merged.items():
            for name, others in getattr(names, kind).items():
                told[name] = [*listed(told.get(name, [])), *listed(others)]
    return Names(**merged)


class _File:
    """One rules file, its structure checked."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        if len(text) > LARGEST:
            raise RulesError(path, Place(1, 1), f"more than {LARGEST:,} characters")
        text = text.removeprefix("\ufeff")
        keys = (one for one in _DOTTED.finditer(text) if one[0].count(".") >= DEEPEST)
        deep = next((one for one in keys if text[one.end() : one.end() + 1] in ("=", "]")), None)
        if deep is not None:  # tomllib takes quadratic time for such
            raise RulesError(path, place_of(text, deep.start()), f"a key of more than {DEEPEST} parts")
        try:
            self._tables = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise _no_toml(path, text, error) from None
        except RecursionError:
            raise RulesError(path, Place(1, 1), "nested too deeply") from None
        except ValueError:  # what Python makes of a number of thousands of digits
            digits = _DIGITS.search(text)
            raise RulesError(
                path, place_of(text, digits.start() if digits else 0), "too large a number"
            ) from None
        self.places = Places(text)
        self.told = self._read()

    def _read(self) -> File:
        known = File.__struct_fields__
        for name in self._tables:
            if name not in known:
                raise self._error((name,), f"unknown key {name!r}", near(name, known))
        schema = self._tables.get("schema", SCHEMA)
        if schema != SCHEMA:
            place = self.places.value(("schema",))
            raise RulesError(self.path, place, f"schema {schema!r} is not known; this reads {SCHEMA!r}")
        return File(
            schema,
            self._one("names", Names) if "names" in self._tables else Names(),
            self._one("session", Session) if "session" in self._tables else Session(),
            self._one("fields", dict[str, str | list[str]]) if "fields" in self._tables else {},
            self._named("events", Event),
            self._several("rules", Rule),
            self._named("override", Override),
            self._several("suppress", Suppress),
            self._several("pairs", MessagePair),
        )

    def _one(self, name: str, kind: type[Kind]) -> Kind:
        return self._convert((name,), self._tables[name], kind)

    def _named(self, name: str, kind: type[Kind]) -> dict[str, Kind]:
        told = self._tables.get(name, {})
        if not isinstance(told, dict):
            raise self._error((name,), f"{name} are tables: [{name}.NAME]")
        return {key: self._convert((name, key), value, kind) for key, value in told.items()}

    def _several(self, name: str, kind: type[Kind]) -> list[Kind]:
        told = self._tables.get(name, [])
        if not isinstance(told, list):
            raise self._error((name,), f"each of {name} begins with [[{name}]]")
        return [self._convert((name, number), value, kind) for number, value in enumerate(told)]

    def _convert(self, path: Path, value: Any, kind: type[Kind]) -> Kind:
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            raise self._invalid(path, value, str(error)) from None

    def _invalid(self, path: Path, value: Any, error: str) -> RulesError:
        found = _AT.match(error)
        what, where = (found["what"], found["where"] or "$") if found else (error, "$")
        steps: Path = tuple(name or int(number) for name, number in _STEP.findall(where))
        path = (*path, *steps)
        if unknown := _UNKNOWN.search(what):
            name = unknown[1]
            return self._error(
                (*path, name), f"unknown key {name!r}", near(name, _keys_at(path, value, steps))
            )
        if invalid := _INVALID.search(what):
            return RulesError(
                self.path,
                self.places.value(path),
                f"{invalid[1]!r} is none of the {path[-1]}s",
                near(invalid[1], _WORDS),
            )
        if "matching regex" in what:
            what = "a rule's id is letters, digits, '.', '_' and '-', 64 characters at most"
        if what.startswith("Object missing required field"):
            return self._error(path, what.replace("Object missing required field", "missing: the key"))
        return RulesError(self.path, self.places.value(path), what)

    def _error(self, path: Path, message: str, suggestion: str | None = None) -> RulesError:
        return RulesError(self.path, self.places.key(path), message, suggestion)


_CASES: Final[dict[str, type[Struct]]] = {str(kind.__struct_config__.tag): kind for kind in get_args(Cases)}
_WORDS: Final = (
    *_CASES,
    "error",
    "warning",
    "info",
    "happened",
    "delivered",
    "handled",
    "up",
    "one",
    "all",
    "others",
    "older",
)


def _keys_at(path: Path, value: Any, steps: Path) -> list[str]:
    """The keys that there may be at a path, as far as it matters for a suggestion."""
    for step in steps:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            break
    if "cases" in path and isinstance(value, dict) and "pattern" in value:
        kind = _CASES.get(str(value["pattern"]))
        return ["pattern", *kind.__struct_fields__] if kind is not None else []
    of: dict[str | int, type[Struct]] = {
        "names": Names,
        "session": Session,
        "events": Event,
        "rules": Rule,
        "override": Override,
        "suppress": Suppress,
        "pairs": MessagePair,
    }
    kind = of.get(path[0])
    return list(kind.__struct_fields__) if kind is not None else []


def _no_toml(path: str, text: str, error: tomllib.TOMLDecodeError) -> RulesError:
    found = _POSITION.match(str(error))
    if found is None:
        return RulesError(path, Place(1, 1), str(error))
    if found["line"] is None:
        lines = text.split("\n")
        return RulesError(path, Place(len(lines), len(lines[-1]) + 1), found["what"])
    return RulesError(path, Place(int(found["line"]), int(found["column"])), found["what"])
