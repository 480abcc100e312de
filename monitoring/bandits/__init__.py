"""Bandits: whom they chose, what they believe, what their learning cost, and what other policies would have earned."""
