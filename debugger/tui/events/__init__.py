"""The event table, the filter line and the open event."""
