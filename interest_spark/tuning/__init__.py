"""Choosing the settings of a network by trials on what was known before the days that will judge it."""
