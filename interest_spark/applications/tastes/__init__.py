"""What users like by the network's own vectors: clusters of items, and each user's share of the softmax in them."""
