"""What ranks a few candidates of each user anew, by more than a product of vectors."""
