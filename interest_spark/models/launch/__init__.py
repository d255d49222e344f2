"""Ranks started, watched and stopped."""
