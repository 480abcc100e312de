"""HTTP only: routes, limits and errors; everything they ask for is in the service."""
