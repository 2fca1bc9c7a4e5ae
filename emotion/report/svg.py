"""Figures as part of a web page."""

import io
import re

import matplotlib
from matplotlib.figure import Figure


def themed(figure: Figure, title: str) -> str:
    """Return a figure as an SVG element on the page's own ground, whose black takes the page's colour of text.

    The same figure gives the same text: neither dates nor random names are in it.

    Args:
        figure: Is changed on the way.
        title: What a person who cannot see it is told.
    """
    figure.set_facecolor("none")
    for axes in figure.axes:
        axes.set_facecolor("none")
    written = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": title, "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    text = written.getvalue()
    text = text[text.index("<svg") :].replace("#000000", "currentColor")
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"font: (.*?)'DejaVu Sans'[^;\"]*", r"font: \1sans-serif", text)
    return re.sub(r"<svg ([^>]*?)>", rf'<svg \1 role="img" aria-label="{title}">', text, count=1)
