"""From arrays to a fitted network."""
