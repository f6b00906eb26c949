"""Scenarios of the assistant: every race of the contract, and days with and without trouble."""
