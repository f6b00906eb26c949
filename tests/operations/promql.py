"""What a PromQL expression asks for: metrics, and the labels it selects, keeps and joins by."""

from __future__ import annotations

import re

_STRING = r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`'
_DURATION = r"\[[^\]]*\]|\b\d+(?:ms|[smhdwy])\b"
_LABELS_OF = r"\b(by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)"
_NAME = re.compile(r"(?<![\w:])[A-Za-z_:][A-Za-z0-9_:]*")
_WORDS = frozenset({"and", "or", "unless", "bool", "offset", "inf", "nan"})


def metrics_in(expression: str) -> dict[str, set[str]]:
    """Names of metrics, each with the labels that it must have to be found."""
    text = re.sub(_STRING, '""', expression)
    text = re.sub(_DURATION, " ", text)
    text = re.sub(r"\$\w+", " ", text)
    text = re.sub(_LABELS_OF, " ", text)
    found: dict[str, set[str]] = {}
    for match in _NAME.finditer(re.sub(r"\{[^}]*\}", lambda braces: " " * len(braces[0]), text)):
        name, rest = match[0], text[match.end() :].lstrip()
        if name.lower() in _WORDS or rest.startswith("("):
            continue
        selected = re.match(r"\{([^}]*)\}", rest)
        labels = _NAME.findall(selected[1]) if selected is not None else []
        found.setdefault(name, set()).update(labels)
    return found


def kept_labels(expression: str) -> set[str]:
    """Labels of ``by`` and ``on``."""
    text = re.sub(_STRING, '""', expression)
    return {
        label
        for word, labels in re.findall(_LABELS_OF, text)
        if word in {"by", "on"}
        for label in _NAME.findall(labels)
    }
