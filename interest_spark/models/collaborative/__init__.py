"""Models of who used which items together: their bundles, and how they answer a user from the user's history."""
