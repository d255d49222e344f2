"""Metrics of scores: how well they tell rows that became true from others, and how well probabilities are meant."""
