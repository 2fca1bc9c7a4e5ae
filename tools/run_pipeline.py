"""Run the pipeline, after a check of names that DVC refuses without a hint: python -m tools.run_pipeline [STAGE].

With `-S KEY=VALUE` it is an experiment: `dvc exp run`.
"""

import argparse
import shutil
import sys
from collections.abc import Sequence
from functools import reduce
from operator import getitem
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dvc.exceptions import DvcException
from dvc.utils import hydra

from emotion.core import errors, params
from emotion.core.errors import InputError, suggest
from emotion.pretrained.package import PackageSettings
from emotion.sources.settings import DataSettings
from stages import check_inputs, check_params
from tools import repro


def main(*arguments: str) -> None:
    """Check params, stages and keys, and exit as DVC does."""
    parser = argparse.ArgumentParser("run_pipeline", description=__doc__)
    parser.add_argument("-S", "--set-param", action="append", default=[], metavar="KEY=VALUE", help="as dvc exp run")
    parser.add_argument("stages", nargs="*", metavar="STAGE", help="such as evaluate@cnn; none: all")
    options = parser.parse_args(arguments)
    values = params.read()
    check_params.check(values)
    require_stages(options.stages, values)
    require_keys([change.partition("=")[0] for change in options.set_param if change[0] not in "+~"], values)
    if options.set_param:
        check_changes(options.set_param)
    check_inputs.check(params.load("data", DataSettings), params.load("detector", PackageSettings))
    changes = [word for change in options.set_param for word in ("-S", change)]
    command = ["exp", "run", *changes] if changes else ["repro"]
    repro.dvc(Path(), *command, *options.stages)


def require_stages(names: Sequence[str], values: dict[str, Any]) -> None:
    """Raise an InputError that names the right stage, unless all of these are stages, groups of them or files."""
    known = []
    for stage, entry in params.read("dvc.yaml")["stages"].items():
        foreach = entry.get("foreach", [])
        items = reduce(getitem, foreach[2:-1].split("."), values) if isinstance(foreach, str) else foreach
        known += [stage, *(f"{stage}@{item}" for item in items)]
    for name in names:
        if name not in known and not Path(name).exists():
            raise InputError(f"dvc.yaml: there is no stage {name!r}{suggest(name, known)}")


def require_keys(keys: Sequence[str], values: dict[str, Any]) -> None:
    """Raise an InputError that names the right key, unless all of these are keys of params.yaml."""
    for key in keys:
        at = values
        for name in key.removeprefix("params.yaml:").split("."):
            if not isinstance(at, dict) or name not in at:
                known = list(at) if isinstance(at, dict) else []
                raise InputError(f"params.yaml: there is no key {key}{suggest(name, known)}")
            at = at[name]


def check_changes(changes: Sequence[str]) -> None:
    """Raise an InputError if these changes make params.yaml wrong: DVC writes them into it before the first stage."""
    overrides = [change.removeprefix(f"{params.PARAMS}:") for change in changes]
    with TemporaryDirectory() as folder:
        copy = Path(shutil.copy(params.PARAMS, folder))
        try:
            hydra.apply_overrides(copy, overrides)
        except DvcException as error:
            raise InputError(f"-S {' -S '.join(overrides)}: {error}") from None
        check_params.check(params.read(copy))


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
