"""Where files are named by URL: what is asked of a store, and the stores there are."""
