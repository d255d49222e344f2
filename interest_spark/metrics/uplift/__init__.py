"""Metrics of uplift: what a treatment did on average, and how well predictions tell where it does most."""
