"""``doubletalk explore``: scenarios under other schedules, until one fails or the budget is used up."""
