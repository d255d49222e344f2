"""A shop that never was, with a known truth: raw deliveries a day, and beside them what was planted in them."""

from interest_spark.sources.synthetic.plan import ShopPlan
from interest_spark.sources.synthetic.shop import Shop, generate_shop

__all__ = ["Shop", "ShopPlan", "generate_shop"]
