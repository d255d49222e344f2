"""The report of a day: one HTML file that needs nothing else."""
