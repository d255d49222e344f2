"""Errors, days, logs and the supported releases: no Spark, no TensorFlow."""
