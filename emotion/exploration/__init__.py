"""Statistics, charts and contact sheets of the data."""
