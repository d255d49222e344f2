"""Who gets which coupon: past campaigns as trials, what coupons have brought in them, and the budget spent."""
