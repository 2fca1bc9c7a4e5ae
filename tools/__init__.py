"""What the Makefile's targets call, each as `python -m tools.<name>`."""
