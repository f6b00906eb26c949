"""What an operator asks of a running backend: is it well, what does it do, where does it lose.

`health` answers orchestrators and people, `meter` counts the tap's events, `metrics` shows all of
it to Prometheus, and `outlets` watches what takes events elsewhere: the store, the mux.
"""

from __future__ import annotations
