"""The reading side: the event log, its sources, and the terminal interface over them."""
