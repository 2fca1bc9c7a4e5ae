"""The sides of a comparison, each in a process of its own: this project's training loop, Keras' fit, PyTorch, fer."""
