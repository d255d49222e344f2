"""Pure DataFrame-to-DataFrame stages; reading and writing stand outside."""
