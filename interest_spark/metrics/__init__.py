"""Ranking metrics, each defined once: for validation in training, for evaluation, and for benchmarks.

They need NumPy alone and stand below everything that computes with them.
"""
