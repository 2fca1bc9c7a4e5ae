"""Check all of params.yaml before any other stage runs: python -m stages.check_params.

DVC removes a stage's outputs before it starts the stage, and only then would the stage refuse a wrong param. So this
stage stands before all others. What it writes never changes, so no other stage reruns because of it.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from emotion.annotations.settings import AnnotationSettings
from emotion.audit.settings import AuditSettings
from emotion.consistency import rules
from emotion.core import params, stage
from emotion.core.errors import InputError, suggest
from emotion.core.files import atomic
from emotion.evaluation.settings import (
    CalibrateSettings,
    CompareSettings,
    EnsembleSettings,
    EvaluateSettings,
    ExternalSettings,
)
from emotion.explanation.settings import ExplainSettings, RobustnessSettings
from emotion.exploration.settings import ExploreSettings
from emotion.export.settings import ExportSettings
from emotion.preparation import exclusion
from emotion.preparation.settings import ClassWeightSettings, DefectSettings, SplitSettings
from emotion.pretrained.download import PretrainedSettings
from emotion.pretrained.package import PackageSettings
from emotion.sources.settings import DataSettings
from emotion.training import networks
from emotion.training.settings import (
    DistillSettings,
    HardwareSettings,
    LabelAuditSettings,
    ModelSettings,
    VoteTargetSettings,
)
from emotion.training.tta import PredictSettings

SECTIONS: dict[str, type[params.Section]] = {
    "data": DataSettings,
    "detector": PackageSettings,
    "annotations": AnnotationSettings,
    "audit": AuditSettings,
    "defects": DefectSettings,
    "split": SplitSettings,
    "class_weights": ClassWeightSettings,
    "hardware": HardwareSettings,
    "predict": PredictSettings,
    "calibrate": CalibrateSettings,
    "evaluate": EvaluateSettings,
    "ensemble": EnsembleSettings,
    "compare": CompareSettings,
    "explore": ExploreSettings,
    "explain": ExplainSettings,
    "robustness": RobustnessSettings,
    "label_audit": LabelAuditSettings,
    "export": ExportSettings,
}
ENTRIES: dict[str, type[params.Section]] = {  # one schema an entry
    "pretrained": PretrainedSettings,
    "models": ModelSettings,
    "vote_targets": VoteTargetSettings,
    "distill": DistillSettings,
    "external": ExternalSettings,
}
ELSEWHERE = ("tune",)  # read by no stage


def main() -> None:
    """Write data/params_checked.txt, always the same, or say what is wrong."""
    values = params.read()
    check(values)
    with atomic("data/params_checked.txt") as path:
        path.write_text("params.yaml is valid\n", encoding="utf-8")
    print(f"params.yaml is valid: {len(values['models'])} models")


def check(values: dict[str, Any]) -> None:
    """Raise an InputError that names each key, value, model or file with which something is wrong."""
    known = [*SECTIONS, *ENTRIES, *ELSEWHERE]
    problems = [f"unknown section {name}{suggest(name, known)}" for name in values if name not in known]
    problems += [f"there is no section {name!r}" for name in known if name not in values and name not in ELSEWHERE]
    wrong = [name for name in ENTRIES if name in values and not isinstance(values[name], dict)]
    problems += [f"{name} must hold entries by name, or be {{}}" for name in wrong]
    _raise(problems)
    found = {name: _validated(values[name], name, schema, problems) for name, schema in SECTIONS.items()}
    for section, schema in ENTRIES.items():
        for name, entry in values[section].items():
            found[f"{section}.{name}"] = _validated(entry, f"{section}.{name}", schema, problems)
    _raise(problems)
    _raise(_wrong_networks(found))
    _raise(rules.broken(found))
    exclusion.excluded(found["data"].exclude)


def _validated(values: Any, section: str, schema: type[params.Section], problems: list[str]) -> Any:
    try:
        return params.validate(values, section, schema)
    except InputError as error:
        problems.append(str(error).removeprefix(f"{params.PARAMS}: "))
        return None


def _wrong_networks(found: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the network, or its arguments, of each section that has one."""
    known = networks.names()
    for name, one in found.items():
        if not isinstance(one, ModelSettings | LabelAuditSettings):
            continue
        if one.network not in known:
            yield f"{name}.network: there is no network {one.network!r}{suggest(one.network, known)}"
            continue
        weights = one.weights if isinstance(one, ModelSettings) else networks.RANDOM_WEIGHTS
        try:
            networks.check(one.network, one.build, f"{name}.build", weights=weights)
        except InputError as error:
            yield str(error)


def _raise(problems: Iterable[str]) -> None:
    text = "; ".join(problems)
    if text:
        raise InputError(f"{params.PARAMS}: {text}")


if __name__ == "__main__":
    stage.run(main)
