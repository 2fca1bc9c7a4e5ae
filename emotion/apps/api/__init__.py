"""The classifier as a service (FastAPI)."""
