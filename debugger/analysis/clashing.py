"""Conflicts, looked for as a set of rules says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from debugger.analysis.conflicts import Conflicts, Covered, MessagePair
from debugger.analysis.order import Order
from debugger.analysis.rules.load import RuleSet
from debugger.analysis.rules.schema import Names, listed
from debugger.log import EventLog


def conflicts_by(rules: RuleSet, log: EventLog, order: Order) -> Conflicts:
    """With the pairs of messages that rules name, and notes for what rules judge by themselves."""
    return Conflicts(log, order, pairs=_pairs(rules), covered=_covered(rules))


def _pairs(rules: RuleSet) -> tuple[MessagePair, ...]:
    messages, components = rules.names.message, rules.names.component
    return tuple(
        MessagePair(left, right, component)
        for pair in rules.pairs
        for left in _all_names(pair.messages[0], messages)
        for right in _all_names(pair.messages[1], messages)
        for component in (_all_names(pair.component, components) if pair.component else (None,))
    )


def _covered(rules: RuleSet) -> tuple[Covered, ...]:
    names: Names = rules.names
    return tuple(
        Covered(component, _each(one.messages, names.message), _each(one.keys, names.state))
        for rule in rules.rules
        for one in rule.covers
        for component in _all_names(one.component, names.component)
    )


def _each(words: Iterable[str], others: Mapping[str, str | list[str]]) -> frozenset[str]:
    return frozenset(name for word in words for name in _all_names(word, others))


def _all_names(word: str, others: Mapping[str, str | list[str]]) -> tuple[str, ...]:
    """The contract's name, and those that producers have for it."""
    return (word, *listed(others.get(word, [])))
