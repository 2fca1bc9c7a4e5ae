"""What the sections of params.yaml must agree on."""
