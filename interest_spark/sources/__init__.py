"""Raw formats to canonical rows, one reader per format."""
