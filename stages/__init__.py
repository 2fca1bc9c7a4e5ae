"""One script per stage of dvc.yaml: load params, call the library, write outputs.

A stage is a process of its own, and the import of TensorFlow was most of a short one: Keras 3.15 imports scikit-learn,
Matplotlib and pandas if they are installed, for wrappers and charts of its own that no stage uses, while the garbage
collector walks through all of it again and again. Without both the import takes 4.4 s instead of 10.6 s.
"""

import gc
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

HIDDEN = ("matplotlib", "pandas", "pyarrow", "sklearn")


class _ImportKerasAlone(MetaPathFinder):
    """Imports TensorFlow, which imports Keras, or Keras, which imports TensorFlow, but nothing that is optional."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return the package's own spec, to be executed by `_execute_alone`; None for any other package."""
        if name not in ("keras", "tensorflow"):
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path)
        if spec and spec.loader:
            execute = spec.loader.exec_module
            spec.loader.exec_module = lambda module: _execute_alone(execute, module)  # type: ignore[method-assign]
        return spec


def _execute_alone(execute: Any, module: ModuleType) -> None:
    hidden = [name for name in HIDDEN if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: an import of it is an ImportError
    gc.disable()
    try:
        execute(module)
    finally:
        gc.freeze()  # what was imported stays until the end
        gc.enable()
        for name in hidden:
            del sys.modules[name]


sys.meta_path.insert(0, _ImportKerasAlone())
