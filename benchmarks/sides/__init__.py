"""The trainings that are compared, a process each: this engine, Keras' fit, PyTorch."""
