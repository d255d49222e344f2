"""The section `train`: one file for itself, and one each for networks, losses, samplers and optimisers."""
