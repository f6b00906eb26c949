"""The command palette: whatever can be done, found by a few letters of its name."""
