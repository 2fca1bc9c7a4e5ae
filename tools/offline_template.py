"""Build .dvc/plots/offline.html, the page in which `dvc plots` draws its charts without a network.

    npm install --prefix /tmp/vega --legacy-peer-deps vega@5.20.2 vega-lite@5.2.0 vega-embed@6.18.2
    python -m tools.offline_template /tmp/vega/node_modules

The versions are those that DVC's own page loads from a CDN: a newer DVC may want newer ones.
"""

import argparse
import json
from pathlib import Path

from emotion.core import errors, files

PACKAGES = {"vega": "5.20.2", "vega-lite": "5.2.0", "vega-embed": "6.18.2"}
PAGE = Path(".dvc/plots/offline.html")

# DVC names each chart's div by its file, so the sections are made by flex order alone. It fills the words
# in braces wherever they stand. The policy lets the browser refuse whatever would leave this file.
HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<!-- The page of `dvc plots show` and `dvc plots diff`, with Vega, Vega-Lite and Vega-Embed inside, so that it
     needs no network. Made by tools/offline_template.py: change that file, not this one. Their licences stand
     above their code; they contain d3 and topojson (Mike Bostock, ISC) and fast-json-patch (MIT). -->
<meta http-equiv="Content-Security-Policy" content="script-src 'unsafe-inline' 'unsafe-eval'; connect-src 'none'">
{refresh_tag}
<title>Facial emotion recognition: plots</title>
"""
STYLE = """<style>
body { font: 14px/1.4 system-ui, sans-serif; margin: 16px; color: #222; }
h1 { font-size: 20px; margin: 0; }
main { display: flex; flex-wrap: wrap; align-items: flex-start; gap: 12px 14px; }
h2 { width: 100%; font-size: 16px; margin: 10px 0 0; border-bottom: 1px solid #ccc; }
main > div[id] { border: 0 !important; padding: 0 !important; }
.vega-embed > details { opacity: 0; }
.vega-embed:hover > details { opacity: 1; }
main img { max-width: 300px; }
[id^="plots_data_"] img, [id^="plots_architecture_"] img, [id^="plots_compare_"] img, [id^="plots_explain_"] img {
  max-width: min(100%, 860px);
}
main p { margin: 4px 0; }
"""
TAIL = """</head>
<body>
<h1>Facial emotion recognition: plots</h1>
<p>Click a name beside a chart to see it alone, double-click to see all again; point at a mark for its numbers.</p>
<main>
<HEADINGS>
{plot_divs}
</main>
</body>
</html>
"""

# Prefix of the ids of a section's charts, and its heading; other charts compare all models.
SECTIONS = {
    "plots_predictions_test_": "Predictions of each model for test faces",
    "plots_predictions_validation_": "Predictions of each model for validation faces",
    "plots_ensemble_": "Predictions of the ensemble",
    "plots_history_": "Training of each model",
    "plots_per_class_": "Scores of each emotion on test faces",
    "plots_roc_": "ROC on test faces: each emotion against the rest",
    "plots_reliability_": "Reliability on test faces: accuracy against confidence",
    "plots_compare_": "Comparison of the models",
    "plots_explain_": "Grad-CAM on drawn faces",
    "plots_confusion_": "Confusion matrices",
    "plots_architecture_": "The networks",
    "plots_data_": "The data",
}


def main(folder: str) -> None:
    """Write the page from a folder that holds the three npm packages."""
    headings = ["<h2>All models</h2>"]
    rules = ['[id^="plots_scores_"] { display: none !important; }']
    for number, (prefix, heading) in enumerate(SECTIONS.items(), start=1):
        headings.append(f'<h2 class="{prefix}">{heading}</h2>')
        rules.append(f'[id^="{prefix}"], .{prefix} {{ order: {number}; }}')
        rules.append(f'main:not(:has(> [id^="{prefix}"])) > .{prefix} {{ display: none; }}')
    scripts = [_script(Path(folder), name, version) for name, version in PACKAGES.items()]
    style = STYLE + "\n".join(rules) + "\n</style>\n"
    page = HEAD + style + "".join(scripts) + TAIL.replace("<HEADINGS>", "\n".join(headings))
    with files.atomic(PAGE) as temporary:
        temporary.write_text(page, encoding="utf-8", newline="\n")


def _script(folder: Path, name: str, version: str) -> str:
    """Return a package's minified bundle as an inline script under its licence."""
    package = folder / name
    found = json.loads((package / "package.json").read_text(encoding="utf-8"))["version"]
    if found != version:
        raise errors.InputError(f"{package}: version {found}: install {name}@{version}")
    licence = (package / "LICENSE").read_text(encoding="utf-8").strip()
    bundle = (package / "build" / f"{name}.min.js").read_text(encoding="utf-8")
    code = "\n".join(line for line in bundle.splitlines() if not line.startswith("//# sourceMappingURL"))
    return f"<script>\n/*! {name} {version}\n{licence}\n*/\n{code}\n</script>\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="the folder node_modules that npm made")
    errors.run(main, parser.parse_args().folder)
