"""How long the assistant takes to make itself heard: the demo's conversation, on this machine."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import tempfile


def measure() -> list[float]:
    """Seconds from the end of speech to first audio, for each turn of the demo."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "debugger.cli", "demo", "--headless", "--out", folder]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    told = re.search(r"end of speech: ([0-9., ]+) s", printed)
    return [float(value) for value in told[1].split(",")] if told else []


def report() -> None:
    """Print them, and their median; the aim on two cores is under 0.8 s."""
    values = sorted(measure())
    shown = " ".join(f"{value:.2f}" for value in values)
    median = statistics.median(values)
    print(f"first audio after end of speech   median {median:.2f} s   (turns: {shown}; aim 0.8)")
