"""Hyperparameter search with Optuna (`make tune`, docs/tuning.md)."""
