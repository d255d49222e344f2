"""Networks, losses, the input reader and the training loop; no Spark."""
