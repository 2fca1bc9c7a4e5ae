"""Trials on this machine, one at a time."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from experiments.tuning import trial
from experiments.tuning.search import Search

FOLDER = Path(".tune")


class Local:
    """Runs one trial at a time on this machine."""

    at_once = 1

    def __init__(self, search: Search) -> None:
        self._search = search
        self._folder = Path()
        self._epochs: trial.Epochs | None = None

    def start(self, number: int, files: Mapping[str, bytes]) -> trial.Epochs:
        """Start a trial and return the stream of its epochs."""
        self._folder = FOLDER / self._search.name / str(number)
        self._epochs = trial.train(self._folder, files, Path.cwd(), self._search.settings.model)
        return self._epochs

    def wait(self, running: list[trial.Epochs]) -> trial.Epochs:
        """Return the trial that is running."""
        return running[0]

    def receive(self, epochs: trial.Epochs) -> tuple[int, float]:
        """Return the next epoch and its validation accuracy; raises as `trial.train` does."""
        try:
            return next(epochs)
        except RuntimeError as error:
            raise RuntimeError(f"{error} ({self._folder}/log.txt has its output)") from None

    def stop(self, epochs: trial.Epochs) -> None:
        """Stop a trial and remove its folder."""
        epochs.close()
        shutil.rmtree(self._folder)

    def close(self) -> None:
        """Stop a trial that is still running; its folder stays, with the checkpoint."""
        if self._epochs:
            self._epochs.close()
