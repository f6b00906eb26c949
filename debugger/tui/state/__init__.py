"""The state of one component at the cursor, and what changed in it."""
