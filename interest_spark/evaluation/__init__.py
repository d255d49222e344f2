"""How good suggestions were, beside baselines."""
