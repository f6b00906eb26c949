"""All benchmarks: ``python -m tests.bench [PART…]``; a part is a module here that has a `report`.

What takes minutes runs only by name, with options of its own: ``python -m tests.bench soak --help``.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

PROBE_ROUNDS = 41
BY_NAME = ("soak", "faults", "order", "check", "explore", "fleet", "service")


def parts() -> list[str]:
    """Modules of this folder, by name."""
    modules = pkgutil.iter_modules([str(Path(__file__).parent)])
    return sorted(module.name for module in modules if not module.name.startswith("__"))


def noise() -> str:
    """How steady the machine is now: the same few milliseconds of work, again and again."""
    took = []
    for _ in range(PROBE_ROUNDS):
        began = time.perf_counter()
        sum(number * number for number in range(60_000))
        took.append((time.perf_counter() - began) * 1e3)
    low, middle, high = min(took), statistics.median(took), sorted(took)[-PROBE_ROUNDS // 10]
    load = os.getloadavg()[0]
    return (
        f"noise  one piece of work: best {low:.2f} ms, median {middle:.2f} ms (+{middle / low - 1:.0%}), "
        f"90th percentile {high:.2f} ms (+{high / low - 1:.0%}); load {load:.1f} on {os.cpu_count()} cores"
    )


def counted(text: str) -> int:
    """A number of events on a command line, with ``_`` or commas between its digits, as one likes."""
    return int(text.replace("_", "").replace(",", ""))


def _report_of(name: str) -> Callable[[], None] | None:
    module = importlib.import_module(f"tests.bench.{name}")
    found: Callable[[], None] | None = getattr(module, "report", None)
    return found


def main(wanted: list[str]) -> int:
    """Run the parts that are asked for, or all; a part that cannot run is named, and the rest goes on."""
    if wanted and wanted[0] in BY_NAME:
        print(noise(), flush=True)
        return int(importlib.import_module(f"tests.bench.{wanted[0]}").main(wanted[1:]))
    unknown = sorted(set(wanted) - set(parts()))
    if unknown:
        sys.stderr.write(f"no such part: {', '.join(unknown)}; there are {', '.join(parts())}\n")
        return 2
    failed = 0
    print(noise(), flush=True)
    for name in wanted or parts():
        try:
            report = _report_of(name)
            if report is not None:
                report()
        except ImportError as missing:
            print(f"{name}  skipped: {missing}")
        except Exception as error:  # noqa: BLE001 - one part must not take the others' figures with it
            failed += 1
            print(f"{name}  failed: {type(error).__name__}: {error}")
        sys.stdout.flush()
    print(noise())
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
