"""A day's events to what later steps sum up: counts a user and an item, read by all that look at many days."""
