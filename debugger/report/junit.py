"""The report as JUnit XML: a suite for each recording, a case for each rule that was applied to it."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from debugger.report.escape import xml
from debugger.report.model import Found, Input, Report, at_or_above
from debugger.report.text import text


def junit(report: Report) -> str:
    """``failure`` from the severity on that fails the check; what was not judged is ``skipped``, not passed.

    Milder findings are the case's ``system-out``. Its time is that of the whole check.
    """
    root = ET.Element("testsuites", name="doubletalk")
    totals = [0, 0, 0]
    for one in report.inputs:
        suite, counts = _suite(report, one)
        root.append(suite)
        totals = [total + count for total, count in zip(totals, counts, strict=True)]
    for name, total in zip(("tests", "failures"), totals, strict=False):
        root.set(name, str(total))
    root.set("errors", "0")
    root.set("time", f"{report.seconds:.3f}")
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(report: Report, recording: Input) -> tuple[ET.Element, tuple[int, int, int]]:
    found = report.of(recording.path)
    suite = ET.Element("testsuite", name=xml(recording.path))
    rules = sorted({*recording.judged, *(one.rule for one in found)})
    failures = skipped = 0
    for rule in rules:
        case = ET.SubElement(suite, "testcase", name=xml(rule), classname=xml(recording.path), time="0")
        mine = [one for one in found if one.rule == rule]
        bad = [one for one in mine if not one.suppressed and at_or_above(one.severity, report.fail_on)]
        unsure = [one for one in mine if one.verdict == "integrity"]
        if bad:
            failures += 1
            failure = ET.SubElement(case, "failure", message=xml(bad[0].message), type=xml(bad[0].verdict))
            failure.text = _described(bad)
        elif unsure:
            skipped += 1
            ET.SubElement(case, "skipped", message=xml(unsure[0].message))
        rest = [one for one in mine if one not in bad]
        if rest:
            ET.SubElement(case, "system-out").text = _described(rest)
    counts = len(rules), failures, skipped
    for name, count in zip(("tests", "failures", "skipped"), counts, strict=True):
        suite.set(name, str(count))
    suite.set("errors", "0")
    suite.set("time", "0")
    return suite, counts


def _described(findings: list[Found]) -> str:
    """The paragraphs of the text report, without its summary."""
    whole = text(Report(inputs=(), findings=tuple(findings)))
    return xml("\n" + whole.rsplit("\n\n", 1)[0] + "\n")
