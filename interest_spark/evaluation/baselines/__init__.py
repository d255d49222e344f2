"""What a model must beat: lists for the same users, made from what was known when its own were."""
