"""One rank's training run, from its plan to the bundle."""
