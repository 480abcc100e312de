from orders_problem import make_spec, orders

__all__ = ["make_spec", "orders"]
