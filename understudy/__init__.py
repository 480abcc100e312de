"""The foundation: what two or more applications share."""
