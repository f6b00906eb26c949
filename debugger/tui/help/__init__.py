"""The help screen, made from the key table."""
