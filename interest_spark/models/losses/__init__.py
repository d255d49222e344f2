"""Losses over hidden vectors, item vectors and targets."""
