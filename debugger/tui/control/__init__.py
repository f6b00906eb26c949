"""Live control: what is held in a running backend, and what can be done about it."""
