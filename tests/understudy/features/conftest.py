"""The orders problem, for everything about features."""

from orders_problem import VIEW, MakeSpec, make_spec, orders

__all__ = ["VIEW", "MakeSpec", "make_spec", "orders"]
