"""Networks: tokens to hidden vectors, and the item vectors that they are compared with."""
