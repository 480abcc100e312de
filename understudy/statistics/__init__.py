"""Statistics that decide: metrics, costs of decisions, and block-bootstrap intervals. Pure functions on numpy."""
