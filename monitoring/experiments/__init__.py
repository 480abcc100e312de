"""Experiments: what was planned, what it has proven so far, and what follows."""
