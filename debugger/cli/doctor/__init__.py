"""`doubletalk doctor`: what is missing, and what to do about it."""
