"""What every job has in common: options, a context, a report and an exit code."""
