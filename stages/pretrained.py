"""Get the pretrained weights of one network: python -m stages.pretrained vggface2."""

import sys

from emotion.core import stage
from emotion.core.files import atomic
from emotion.core.params import load
from emotion.pretrained import download


def main(name: str) -> None:
    """Write data/pretrained/<file>, as section `pretrained` of params.yaml calls it."""
    settings = load(f"pretrained.{name}", download.PretrainedSettings)
    content = download.fetch(settings.url, settings.hash, settings.file)
    with atomic(f"data/pretrained/{settings.file}") as path:
        path.write_bytes(content)
    print(f"data/pretrained/{settings.file}: {len(content) / 1e6:.1f} MB")


if __name__ == "__main__":
    stage.run(main, *sys.argv[1:])
