"""What runs tasks: this process, processes of this machine, or a cluster of Dask or Ray.

Each is one class behind `Engine`; none of the libraries is loaded before its engine is opened.
"""

from __future__ import annotations

from debugger.fleet.engines.engine import Engine, Outcome
from debugger.fleet.engines.named import Named, engine_named, opened

__all__ = ["Engine", "Named", "Outcome", "engine_named", "opened"]
