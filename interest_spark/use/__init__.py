"""What a trained model is used for: scoring, evaluation and the applications."""
