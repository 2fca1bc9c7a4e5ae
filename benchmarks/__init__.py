"""The speed tables, one command each; benchmarks/results.json holds the last measurements."""
