"""The house rules of the code: who may import whom, and how long files and functions may be."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.source import ROOT, imported_names, imports, library_folder, parse, python_files, reached

CODE = python_files("emotion", "stages")
FOLDERS = {library_folder(path) for path in CODE} - {None}
# What a folder may import beside itself and core.
SIBLINGS = {
    "report": {"evaluation"},
    "inference": {"detection"},
    "apps": {"inference", "detection", "explanation", "evaluation", "synthetic"},
}
COMMAND = Path("emotion/__main__.py")
NETWORKS = [path for path in python_files("emotion/models") if path.stem != "__init__"]
WHEEL = {"numpy", "cv2", "PIL", "onnxruntime", "tqdm"}  # what an installation without the pipeline has
# Of the extra `api`:
SERVER = {"fastapi", "limits", "prometheus_client", "pydantic", "python_multipart", "starlette", "uvicorn"}
# The packages that parts of the apps need beside these.
MORE = {
    "emotion/apps/api": SERVER,
    "emotion/apps/batch": {"pyarrow", "ray"},
    "emotion/apps/demo": {"gradio"},
    "emotion/apps/explain.py": {"keras"},
    "emotion/inference/model.py": {"ai_edge_litert"},
}
LONGEST = {"fit": 60}  # the training loop is read from top to bottom
WITH_TENSORFLOW = {"train", "distill", "predict", "describe", "explain", "export", "label_audit", "robustness"}


@pytest.mark.parametrize("folder", sorted(FOLDERS))
def test_a_library_folder_imports_itself_and_core(folder: str):
    allowed = {folder, "core"} | SIBLINGS.get(folder, set())
    for file in python_files(f"emotion/{folder}"):
        found = {library_folder(path) for path in imports(file)} - {None}
        assert found <= allowed, f"{file} imports {sorted(found - allowed)}"


@pytest.mark.parametrize("folder", ["stages", "emotion/apps", "tools", "experiments", "benchmarks", "tests"])
def test_nobody_imports_what_stands_on_top(folder: str):
    """Stages import no stage; neither library nor stages import apps, tools, experiments, benchmarks or tests."""
    for file in sorted(set(CODE) - {COMMAND}):
        if not file.is_relative_to(folder) or folder == "stages":
            found = [str(path) for path in imports(file) if path.is_relative_to(folder)]
            assert not found, f"{file} imports {found}"


def test_benchmarks_import_the_library_alone():
    for file in python_files("benchmarks"):
        found = [str(path) for path in imports(file) if path.parts[0] not in ("emotion", "benchmarks")]
        assert not found, f"{file} imports {found}"


def test_no_file_imports_in_a_circle():
    files = python_files("emotion", "stages", "tools", "experiments", "benchmarks", "tests")
    graph = {file: imports(file) for file in files}
    for file in files:
        seen: set[Path] = set()
        todo = list(graph[file])
        while todo:
            path = todo.pop()
            if path not in seen:
                seen.add(path)
                todo += graph.get(path, set())
        assert file not in seen, f"{file} imports itself by way of others"


@pytest.mark.parametrize("file", python_files("emotion/inference", "emotion/detection", "emotion/apps"), ids=str)
def test_what_people_run_needs_few_packages(file: Path):
    packages = {name.partition(".")[0] for name in imported_names(file)} - {"emotion"} - sys.stdlib_module_names
    more = {package for place, names in MORE.items() if file.is_relative_to(place) for package in names}
    assert packages <= WHEEL | more


@pytest.mark.parametrize("network", NETWORKS, ids=lambda path: path.stem)
def test_a_network_imports_no_file_of_this_project(network: Path):
    packages = {name.partition(".")[0] for name in imported_names(network)} - sys.stdlib_module_names
    assert "keras" in packages and packages <= {"keras", "numpy"}


def _loaded(packages: set[str], *modules: str, then: str = "") -> set[str]:
    """Return which of the packages a new process has loaded after it imported these modules."""
    code = f"import sys, {', '.join(modules)}\nprint(*{packages} & set(sys.modules))\n{then}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_stages_that_run_no_network_load_no_tensorflow():
    stages = sorted({path.stem for path in python_files("stages")} - {"__init__", "detector"} - WITH_TENSORFLOW)
    heavy = {"tensorflow", "keras", "onnx", "onnxruntime", "ai_edge_litert", "cleanlab"}
    assert _loaded(heavy, *(f"stages.{stage}" for stage in stages)) == set()
    for stage in WITH_TENSORFLOW:
        names = {name for file in reached(Path(f"stages/{stage}.py")) for name in imported_names(file)}
        assert any(name.startswith("keras") for name in names), f"{stage} loads no TensorFlow: test it above"


def test_params_are_checked_before_anything_slow_is_imported():
    slow = {"tensorflow", "sklearn", "scipy", "matplotlib", "pandas"}
    assert _loaded(slow, "stages.check_params") == set()


@pytest.mark.parametrize("file", [path for path in CODE if path.name == "__init__.py"], ids=str)
def test_an_init_file_does_nothing(file: Path):
    docstring, *rest = parse(file).body
    assert isinstance(docstring, ast.Expr) and isinstance(docstring.value, ast.Constant)
    if file not in (Path("emotion/__init__.py"), Path("stages/__init__.py")):
        assert not rest


def test_stages_import_keras_without_what_is_optional_and_what_is_optional_after_it():
    assert _loaded({"sklearn"}, "stages", "keras", then="import sklearn") == set()


@pytest.mark.parametrize("file", CODE, ids=str)
def test_files_and_functions_are_short(file: Path):
    assert len((ROOT / file).read_text(encoding="utf-8").splitlines()) <= 200
    for node in ast.walk(parse(file)):
        if isinstance(node, ast.FunctionDef):
            code = node.body[1:] if ast.get_docstring(node) else node.body
            lines = (node.end_lineno or 0) - code[0].lineno + 1 if code else 0
            assert lines <= LONGEST.get(node.name, 35), f"{file}: {node.name} has {lines} lines"


@pytest.mark.parametrize("file", [path for path in CODE if path.parent == Path("stages")], ids=str)
def test_a_stage_script_ends_by_running_its_main_in_the_frame(file: Path):
    if file.name != "__init__.py":
        end = ast.unparse(parse(file).body[-1])
        assert end.startswith("if __name__ == '__main__':\n    stage.run(main"), f"{file} ends with {end}"
