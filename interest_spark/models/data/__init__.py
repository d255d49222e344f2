"""Training blocks from Parquet to batches, every block once."""
