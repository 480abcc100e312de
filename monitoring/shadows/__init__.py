"""Shadows: what they made of the same requests as the champion, and whether that earns them a share of the traffic."""
