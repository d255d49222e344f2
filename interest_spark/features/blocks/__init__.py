"""Histories to packed training blocks."""
