"""The one vocabulary: behaviors, token columns and the tables' columns."""
