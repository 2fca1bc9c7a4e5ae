"""Training: from arrays of faces to a fitted network and its predictions."""
