"""Who is in which audience: conditions as column expressions, hold-out, caps, sizes and what they will be."""
