"""Nightly user-interest features, training and bulk scoring on Spark and Horovod."""

__version__ = "0.1.0"
