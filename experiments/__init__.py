"""Experiments outside the pipeline: no stage reads what they write."""
