"""How a sampled loss draws its negatives."""
