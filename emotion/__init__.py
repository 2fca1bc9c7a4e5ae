"""Facial emotion recognition on FER-2013, the library that the pipeline in stages/ composes."""
