"""The timeline: who did what when, and what went from whom to whom."""
