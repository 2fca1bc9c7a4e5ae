"""From probabilities to scores and figures."""
