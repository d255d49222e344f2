"""One thin spark-submit entry per job."""
