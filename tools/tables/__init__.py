"""The tables of README and docs/, from what the pipeline and the benchmarks measured (`make results`)."""
