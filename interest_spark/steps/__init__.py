"""The steps of the nightly run, each declared in a file of its own, and their order."""
