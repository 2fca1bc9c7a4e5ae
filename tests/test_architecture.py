"""The house rules of the code: who may import whom, and what every public name carries."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.source import ROOT, imported_names, imports, parse, python_files, reached

CODE = python_files("emotion", "stages")
BASE = {Path("emotion", f"{name}.py") for name in ("labels", "params", "errors", "files", "faces")}
WINGS = sorted(path for path in (ROOT / "emotion").iterdir() if (path / "__init__.py").exists() and path.name != "apps")
NETWORKS = [path for path in python_files("emotion/models") if path.stem not in ("__init__", "registry")]
WHEEL = {"numpy", "cv2", "PIL", "onnxruntime", "tqdm"}  # what an installation without the pipeline has
SERVER = {"fastapi", "limits", "prometheus_client", "pydantic", "starlette", "uvicorn"}  # of the extra `api`
COMMAND = Path("emotion/__main__.py")
WITH_TENSORFLOW = {"train", "teach", "predict", "describe", "explain", "export", "label_audit", "robustness"}
WITH_RUNTIMES = {"teach_again"}  # of exported files


@pytest.mark.parametrize("wing", WINGS, ids=lambda path: path.name)
def test_wing_imports_itself_and_the_base_modules_alone(wing: Path):
    for file in python_files(f"emotion/{wing.name}"):
        strangers = {path for path in imports(file) - BASE if path.parent != file.parent}
        assert not strangers, f"{file} imports {sorted(map(str, strangers))}"


def test_base_modules_import_base_modules_alone():
    assert {path for path in CODE if path.parent == Path("emotion")} - {Path("emotion/__init__.py"), COMMAND} == BASE
    for file in BASE:
        assert imports(file) <= BASE, f"{file} imports {imports(file) - BASE}"


@pytest.mark.parametrize("folder", ["stages", "emotion/apps", "tools", "tests"])
def test_library_and_stages_are_not_built_on(folder: str):
    """Nobody imports a stage or an app, and neither library nor stages import the tools around them."""
    for file in sorted(set(CODE) - {COMMAND}):
        if not file.is_relative_to(folder) or folder == "stages":
            found = [str(path) for path in imports(file) if path.is_relative_to(folder)]
            assert not found, f"{file} imports {found}"


@pytest.mark.parametrize("file", python_files("emotion/inference", "emotion/apps"), ids=str)
def test_what_people_run_needs_few_packages_and_of_the_wings_inference_alone(file: Path):
    """What needs more says so: LiteRT, TensorFlow's heatmaps, scikit-learn's scores, Gradio's page, FastAPI, Ray."""
    more = {"model": {"ai_edge_litert"}, "explain": {"keras", "explanation"}, "score": {"evaluation"}}
    more |= {"demo_page": {"gradio"}, "demo_examples": {"data"}}
    more |= {path.stem: {"pyarrow", "ray"} for path in Path("emotion/inference").glob("bulk_*.py")}
    more |= {path.stem: SERVER for path in Path("emotion/apps").glob("api*.py")}
    names = [name.split(".") for name in imported_names(file)]
    packages = {name[0] for name in names if name[0] != "emotion"}
    assert packages - sys.stdlib_module_names <= WHEEL | more.get(file.stem, set())
    wings = {path.name for path in WINGS} & {name[1] for name in names if name[0] == "emotion" and name[1:]}
    assert wings <= {"inference"} | more.get(file.stem, set())


@pytest.mark.parametrize("network", NETWORKS, ids=lambda path: path.stem)
def test_network_imports_keras_alone(network: Path):
    packages = {name.partition(".")[0] for name in imported_names(network)}
    assert packages - sys.stdlib_module_names == {"keras"}


def test_stages_that_run_no_network_load_no_tensorflow():
    stages = sorted({path.stem for path in python_files("stages")} - {"__init__"} - WITH_TENSORFLOW - WITH_RUNTIMES)
    heavy = {"tensorflow", "keras", "onnx", "onnxruntime", "ai_edge_litert", "cleanlab"}
    for group, unwanted in [(stages, heavy), (WITH_RUNTIMES, {"tensorflow", "keras", "onnx", "cleanlab"})]:
        code = "import sys; " + "; ".join(f"import stages.{stage}" for stage in group)
        code += f"; print(*sorted({unwanted} & set(sys.modules)))"
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == ""
    for stage in WITH_TENSORFLOW:
        names = {name for file in reached(Path(f"stages/{stage}.py")) for name in imported_names(file)}
        assert any(name.startswith("keras") for name in names), f"{stage} loads no TensorFlow: test it above"


@pytest.mark.parametrize("file", [path for path in CODE if path.name == "__init__.py"], ids=str)
def test_init_file_holds_a_docstring_and_at_most_a_setting_and_a_lazy_getattr(file: Path):
    docstring, *rest = parse(file).body
    assert isinstance(docstring, ast.Expr) and isinstance(docstring.value, ast.Constant)
    # What must be set before anything of the package is imported can stand nowhere else.
    telemetry = "os.environ.setdefault('ORT_DISABLE_TELEMETRY', '1')"
    assert [node.name if isinstance(node, ast.FunctionDef) else ast.unparse(node) for node in rest] in (
        [],
        ["import os", telemetry, "__getattr__"],
    )


@pytest.mark.parametrize("file", CODE, ids=str)
def test_public_names_have_a_docstring_and_full_annotations(file: Path):
    assert ast.get_docstring(parse(file)), f"{file} has no docstring"
    for name, node in _public(parse(file)):
        docstring = ast.get_docstring(node)
        assert docstring, f"{file}: {name} has no docstring"
        assert docstring.split("\n\n")[0].rstrip()[-1] in ".:", f"{file}: {name}: the first sentence does not end"
        if isinstance(node, ast.FunctionDef):
            bare = [a.arg for a in _arguments(node) if a.annotation is None and a.arg not in ("self", "cls")]
            assert not bare and node.returns, f"{file}: {name} is not fully annotated: {bare or 'return'}"


def _public(scope: ast.Module | ast.ClassDef) -> Iterator[tuple[str, ast.FunctionDef | ast.ClassDef]]:
    for node in scope.body:
        overloaded = any(ast.unparse(mark) == "overload" for mark in getattr(node, "decorator_list", []))
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_") and not overloaded:
            yield node.name, node
            if isinstance(node, ast.ClassDef):
                yield from ((f"{node.name}.{name}", inner) for name, inner in _public(node))


def _arguments(function: ast.FunctionDef) -> list[ast.arg]:
    given = function.args
    return [*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, [given.vararg, given.kwarg])]


@pytest.mark.parametrize("file", [path for path in CODE if path.parent == Path("stages")], ids=str)
def test_stage_script_ends_by_running_its_main_with_one_line_errors(file: Path):
    if file.name != "__init__.py":
        end = ast.unparse(parse(file).body[-1])
        assert end.startswith("if __name__ == '__main__':\n    errors.run(main"), f"{file} ends with {end}"
