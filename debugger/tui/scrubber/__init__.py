"""The scrubber: the whole recording in one line, with the cursor in it."""
