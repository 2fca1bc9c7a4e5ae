"""The classifier as a web page (Gradio)."""
