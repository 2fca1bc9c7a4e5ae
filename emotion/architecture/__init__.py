"""What a network consists of: its layers, how much they compute, and a diagram of them."""
