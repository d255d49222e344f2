"""What an operator lives by: the journal of runs, figures for monitoring, and word of runs that failed."""
