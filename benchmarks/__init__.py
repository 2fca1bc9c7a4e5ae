"""The speed tables, one command each; benchmarks/results.json holds what was measured last."""
