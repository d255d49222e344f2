"""Ranking metrics, each defined once, for validation in training, for evaluation and for benchmarks alike.

The package needs numpy only and stands at the bottom, beside the schemas: models validate with it, evaluation judges
with it and the configuration checks the names of metrics against it, so that no higher place would serve all three.
"""
