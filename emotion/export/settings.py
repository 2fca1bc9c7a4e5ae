"""The schema of the params about export, apart from the runtimes, so that it can be checked in a moment."""

from pydantic import Field

from emotion.core.params import Section


class ExportSettings(Section):
    """Section `export` of params.yaml."""

    models: list[str] = Field(min_length=1)
    max_mb: float = Field(gt=0)
    int8_calibration_faces: int = Field(ge=1)
    seed: int = Field(ge=0)
    max_difference: float = Field(gt=0, le=1)  # of probabilities, float32 files
    max_difference_float16: float = Field(gt=0, le=1)
    max_accuracy_loss_int8: float = Field(gt=0, le=100)  # percentage points
