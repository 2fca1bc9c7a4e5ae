"""Scores of predictions, and figures of them."""
