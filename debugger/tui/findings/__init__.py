"""The findings: what is missing, what went wrong, what was marked and watched."""
