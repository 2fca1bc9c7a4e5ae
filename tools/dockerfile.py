"""A Dockerfile's instructions, and which files of the repository a build sees. As much as deploy/Dockerfile needs."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from string import Template


@dataclass
class Stage:
    """What follows one FROM; `steps` are pairs of an instruction's name and its text."""

    base: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def last(self, instruction: str) -> str | None:
        """Return the text of the last such instruction."""
        return next((text for name, text in reversed(self.steps) if name == instruction), None)


def read(path: Path, given: dict[str, str] | None = None) -> dict[str, Stage]:
    """Return the stages by name; ARGs have their defaults, or what is given (`--build-arg`)."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")]
    stages: dict[str, Stage] = {}
    values: dict[str, str] = {}
    for line in re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines():
        if not line.strip():
            continue
        name, text = line.split(maxsplit=1)
        if name != "RUN":  # the shell's variables are its own
            text = Template(text).safe_substitute(values)
        if name == "ARG":
            variable, _, default = text.partition("=")
            values[variable] = (given or {}).get(variable, default)
        elif name == "FROM":
            base, _, stage = text.partition(" AS ")
            stages[stage] = Stage(base)
        else:
            stages[list(stages)[-1]].steps.append((name, text))
    return stages


def command(text: str | None) -> list[str]:
    """Return the words of an instruction that is written as a JSON list; HEALTHCHECK's options are left out."""
    return json.loads(re.sub(r"^(--\S+ )*CMD ", "", text)) if text else []


def ignored(path: PurePosixPath, patterns: list[str]) -> bool:
    """Return whether a build does not see a file of the repository: the last pattern that fits decides."""
    out = False
    for pattern in patterns:
        if any(_regex(pattern.removeprefix("!")).fullmatch(str(part)) for part in (path, *path.parents)):
            out = not pattern.startswith("!")
    return out


def patterns(path: Path) -> list[str]:
    """Return the lines of a .dockerignore file that count."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _regex(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/|\*)", pattern)
    return re.compile("".join({"**/": "(?:.*/)?", "*": "[^/]*"}.get(part, re.escape(part)) for part in parts))
