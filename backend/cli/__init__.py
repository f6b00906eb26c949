"""The commands that run a backend: wiring only."""
