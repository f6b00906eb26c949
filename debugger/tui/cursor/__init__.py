"""The one cursor: where one is in the log, and what stands out there. No terminal, no clock."""
