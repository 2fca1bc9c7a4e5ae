"""Weights that others trained: from the package that ships them to the files of this project."""
