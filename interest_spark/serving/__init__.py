"""A trained model to suggestions for every user."""
