"""Committed tables and sealed folders: the only place that writes to a warehouse."""
