"""Painter and critic: networks that learn from another network what looks real."""
