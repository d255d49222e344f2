"""Coupons under a budget: whose predicted increment is worth what the coupon costs."""
