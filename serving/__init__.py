"""READ PATH: serves a bundle. Routes do HTTP only; what they call knows nothing of HTTP."""
