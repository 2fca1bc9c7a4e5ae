"""The tables of what benchmarks/ measured, by the names that benchmarks/results.json uses."""

from dataclasses import dataclass, field

from tools.tables.markdown import NotMeasuredError, read_if_present, table


@dataclass(frozen=True)
class Benchmark:
    """A table of what the module of this name measured; all texts are format strings.

    Its rows are a list, or a dict whose keys are their `{name}`.
    """

    name: str
    above: str
    columns: dict[str, str] = field(default_factory=dict)

    def __call__(self) -> str:
        """Return the table in Markdown, with the text above.

        Raises:
            NotMeasuredError: The benchmark was not run yet.
        """
        measured = read_if_present("benchmarks/results.json").get(self.name)
        if measured is None:
            raise NotMeasuredError(f"python -m benchmarks.{self.name}")
        above = self.above.format_map(measured)
        if not self.columns:
            return above
        rows = measured["rows"]
        if isinstance(rows, dict):
            rows = [{"name": name, **row} for name, row in rows.items()]
        return f"{above}\n\n{table(self.columns, rows)}"


def _range(key: str, digits: int) -> str:
    """Return the format of a median and its range."""
    low, high = (f"{{{key}_range[{end}]:.{digits}f}}" for end in (0, 1))
    return f"{{{key}:.{digits}f}} ({low} – {high})"


training = Benchmark(
    "training_speed",
    "`cnn` in batches of {batch_size} faces; {cpu}, {threads} threads, {precision}; Keras {versions[keras]}. "
    "Medians of {rounds} interleaved rounds; ratios within a round.",
    {
        "training": "{name}",
        "images/s (range)": _range("images_s", 0),
        "speedup of this engine": "{ratio:.2f}",
        "peak memory": "{peak_mib:,} MiB",
    },
)
noop_repro = Benchmark(
    "noop_repro",
    "`dvc repro` of {stages} stages with nothing to do takes {ratio:.2f} times as long as DVC alone with the same "
    "params (median of {rounds} rounds; {ours_s:.2f} and {dvc_s:.2f} s). With one number in place of each section of "
    "params DVC alone takes {dvc_few_params_s:.2f} s, because it parses `params.yaml` once for each stage with params "
    "([finding](../findings/dvc-params-parsed.sh)).",
)
kills = Benchmark(
    "kills",
    "Trainings were killed (`kill -9`) {kills} times and resumed: {identical} of them ended with the bytes of an "
    "uninterrupted one.",
)
inference = Benchmark(
    "inference_speed",
    "{cpu}; ONNX Runtime {versions[onnxruntime]}. Medians (ranges) of {rounds} interleaved rounds. One face: network "
    "alone, one core. A frame: 640x480 pixels, one face detected and classified, two cores. The first prediction "
    "counts from the start of the process. Accuracy for the majority of the annotators and for FER-2013's labels, on "
    "{faces:,} validation faces.",
    {
        "file": "{name}",
        "import, s": _range("import_s", 2),
        "first prediction, s": _range("first_answer_s", 2),
        "one face, ms": _range("face_ms", 2),
        "a face of 32, ms": _range("batch_face_ms", 2),
        "a frame, ms": _range("frame_ms", 0),
        "majority": "{majority_accuracy:.1%}",
        "label": "{accuracy:.1%}",
    },
)
api_load = Benchmark(
    "api_load",
    "`{model}`, {clients} clients, {cores} cores ({cpu}). `usual`: Flask and Keras. MB: memory at the end.",
    {
        "server and request": "{name}",
        "alone, ms": "{single_ms:.1f}",
        "p50, ms": "{p50_ms:.1f}",
        "p99, ms": "{p99_ms:.1f}",
        "requests/s": "{requests_s:,.0f}",
        "requests": "{requests:,}",
        "errors": "{errors:,}",
        "MB": "{mb:.0f}",
    },
)
bulk_scoring = Benchmark(
    "bulk_scoring",
    "`{model}`, {workers} cores ({cpu}), batches of {batch}; ONNX Runtime alone: {own_faces_s:,.0f} faces/s.",
    {
        "way": "{way}",
        "faces": "{faces:,}",
        "seconds": "{seconds:,.0f}",
        "faces/s": "{faces_s:,.0f}",
        "of ONNX Runtime's own": "{share:.0%}",
        "peak MB": "{most_mb:,.0f}",
    },
)
near_duplicates = Benchmark(
    "near_duplicates",
    "Cost of stage `audit` on {cpu}, {cores} cores:",
    {
        "faces": "{faces:,}",
        "time": "{wall_s:.0f} s",
        "peak memory": "{peak_mib:,} MiB",
    },
)


def _found(kind: str, key: str) -> str:
    """Return the format of recall and, in brackets, false boxes a picture."""
    return f"{{{kind}[{key}][recall]:.0%}} ({{{kind}[{key}][false]:.2f}})"


face_recall = Benchmark(
    "face_detection",
    "`faces`: {planted[faces]:,} {faces_from} in {pictures[faces]:,} pictures; `heads`: {planted[heads]:,} heads of "
    "photographs in {pictures[heads]:,} pictures. Recall and, in brackets, false boxes a picture: with the minimum "
    "score that leaves 0.05 or 0.1 of them in other pictures, and with the detector's own. Time for 640x480 pixels on "
    "one core, median of {rounds} interleaved rounds; OpenCV {opencv}, {cpu}.",
    {
        "detector": "`{name}`",
        "faces, 0.05": _found("faces", "0.05"),
        "faces, 0.1": _found("faces", "0.1"),
        "faces, own score": _found("faces", "shipped"),
        "heads, 0.05": _found("heads", "0.05"),
        "heads, 0.1": _found("heads", "0.1"),
        "heads, own score": _found("heads", "shipped"),
        "CPU, ms": "{cpu_ms:.1f}",
        "wall, ms": "{wall_ms:.1f}",
        "times `haar`": "{cpu_ratio:.2f}",
    },
)
face_sizes = Benchmark(
    "face_detection",
    "Recall of `faces` by width and by rotation, with 0.1 false boxes a picture:",
    {
        "detector": "`{name}`",
        "40–63 px": "{faces[0.1][size][0]:.0%}",
        "64–119 px": "{faces[0.1][size][1]:.0%}",
        "120–300 px": "{faces[0.1][size][2]:.0%}",
        "0–6°": "{faces[0.1][turn][0]:.0%}",
        "7–13°": "{faces[0.1][turn][1]:.0%}",
        "14–20°": "{faces[0.1][turn][2]:.0%}",
    },
)


def face_detection() -> str:
    """Return both tables of face detection."""
    return f"{face_recall()}\n\n{face_sizes()}"
