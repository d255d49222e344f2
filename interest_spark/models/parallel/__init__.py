"""What the ranks of a run do together."""
