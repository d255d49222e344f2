"""What a shop does with interests: each application reads the nightly tables and publishes one of its own."""
