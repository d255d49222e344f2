"""Uplift models: by how much a treatment, such as a coupon, changes what a customer does, learnt from trials."""
