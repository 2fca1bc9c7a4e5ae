"""What git refuses: pictures of real faces and credentials, in what is staged, not in what lies in the folder."""

import base64
import json
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emotion.synthetic.drawn import draw_face
from tests.staging import KEYS, folder, staged
from tools import check_staged, staged_secrets

assert folder  # a fixture


@pytest.fixture(scope="module")
def real_faces(real_zip: Path) -> list[np.ndarray]:
    """Some faces of FER-2013."""
    with zipfile.ZipFile(real_zip) as archive:
        names = [name for name in archive.namelist() if name.endswith((".jpg", ".png"))][:3000:60]
        return [np.asarray(Image.open(archive.open(name)).convert("L")) for name in names]


def sheet(faces: list[np.ndarray], side: int = 96) -> Image.Image:
    """Return 50 faces in five rows."""
    large = [np.asarray(Image.fromarray(face).resize((side, side))) for face in faces]
    return Image.fromarray(np.vstack([np.hstack(large[row : row + 10]) for row in range(0, 50, 10)]))


def drawn_faces() -> list[np.ndarray]:
    return [draw_face("happy", np.random.default_rng(seed)).astype(np.uint8) for seed in range(50)]


def png(image: Image.Image) -> bytes:
    image.save("picture.png")
    return Path("picture.png").read_bytes()


def refusal(capsys: pytest.CaptureFixture[str], *names: str) -> str:
    """Return what the check prints about what is staged, nothing if it lets it pass."""
    try:
        check_staged.main(*names)
    except SystemExit as ended:
        assert str(ended).startswith("error: see above")
        return capsys.readouterr().err
    return ""


def test_every_tracked_file_passes(root, monkeypatch, capsys):
    monkeypatch.chdir(root)
    if not (root / ".git").exists():
        pytest.skip("a folder from a zip file has no git")
    names = subprocess.run(["git", "ls-files", "-z"], capture_output=True, check=True, text=True).stdout
    assert refusal(capsys, *names.split("\0")[:-1]) == ""


@pytest.mark.parametrize(("text", "kind"), KEYS.items(), ids=[f"{kind}{n}" for n, kind in enumerate(KEYS.values())])
def test_a_key_is_refused_with_its_line_and_without_itself(folder, capsys, text, kind):
    staged("notes/plan.md", f"# a plan\n\nlast line: {text}\n")
    assert refusal(capsys) == f"notes/plan.md:3: {kind}\n"


def test_every_kind_of_key_is_tried_here():
    assert set(KEYS.values()) == set(staged_secrets.KINDS)


@pytest.mark.parametrize(
    "path", ["kaggle.json", "a/.netrc", ".aws/credentials", ".dvc/config.local", "id_ed25519", "server.pem", ".env"]
)
def test_a_file_for_credentials_is_refused_by_its_name(folder, capsys, path):
    staged(path, "whatever\n")
    assert refusal(capsys) == f"{path}: a file for credentials, which must stay out of git\n"


@pytest.mark.parametrize(
    "line", ["password = hunter2", "secret_access_key = abc", "url = ssh://me:hunter2@example.org/x"]
)
def test_a_password_in_the_tracked_dvc_config_is_refused(folder, capsys, line):
    text = f"['remote \"storage\"']\n    {line}\n"
    staged("elsewhere/config", text)
    assert refusal(capsys) == ""
    staged(".dvc/config", text)
    told = refusal(capsys)
    assert told == ".dvc/config:2: a credential: `dvc remote modify --local`\n"


def test_a_remote_without_password_may_be_shared(folder, capsys):
    staged(".dvc/config", "['remote \"storage\"']\n    url = ssh://me@example.org:2222/srv\n    verify = true\n")
    assert refusal(capsys) == ""


def test_the_staged_content_counts_and_not_the_file(folder, capsys):
    (key,) = (text for text, kind in KEYS.items() if kind == "an AWS access key")
    file = staged("a.txt", f"{key}\n")
    file.write_text("nothing\n")
    assert "a.txt:1: an AWS access key" in refusal(capsys, "a.txt")

    file = staged("a.txt", "nothing\n")
    file.write_text(f"{key}\n")
    assert refusal(capsys, "a.txt") == ""


def test_a_file_that_is_not_staged_is_named(folder):
    with pytest.raises(check_staged.InputError, match=r"b\.txt: git's index has no such file"):
        check_staged.main("b.txt")


@pytest.mark.parametrize("path", ["plots/faces/samples.png", "plots/confusion/deep/a.png", "README", "data/a.parquet"])
def test_a_binary_file_that_is_no_listed_figure_is_refused(folder, capsys, path):
    staged(path, png(Image.new("L", (640, 480), 128)))
    assert refusal(capsys).startswith(f"{path}: a binary file")


@pytest.mark.parametrize("separator", [" ", ", ", "\n  ", ";"])
def test_gray_values_as_text_are_refused(folder, capsys, separator):
    values = np.random.default_rng(1).integers(0, 256, 2304)
    staged("faces.csv", f"emotion,pixels\n3,{separator.join(map(str, values))}\n")
    assert refusal(capsys) == "faces.csv:2: gray values of a picture\n"


def test_tables_of_numbers_pass(folder, capsys):
    rows = np.random.default_rng(1).random((500, 7)).round(6)
    staged("plots/predictions/test/a.csv", "\n".join(",".join(map(str, row)) for row in rows))
    staged("metrics/a.json", json.dumps(rows.tolist(), indent=2))
    assert refusal(capsys) == ""


@pytest.mark.parametrize(
    ("path", "kind"),
    [("page.html", "PNG"), ("notes.ipynb", "JPEG"), ("notes.ipynb", "WEBP"), ("icon.svg", "GIF"), ("style.css", "BMP")],
)
def test_an_embedded_picture_is_refused(folder, capsys, path, kind):
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (48, 48), np.uint8)).save("picture", kind)
    code = base64.encodebytes(Path("picture").read_bytes()).decode()
    if path == "notes.ipynb":
        text = json.dumps({"outputs": [{"data": {f"image/{kind.lower()}": code}}]}, indent=1)
    else:
        text = f'<html>\n<img src="data:image/{kind.lower()};base64,{code}">\n'
    staged(path, text)
    assert "an embedded picture" in refusal(capsys)


def test_a_page_may_embed_tracked_figures_and_no_others(folder, capsys):
    figure, other = (png(Image.new("L", (640, 480), gray)) for gray in (10, 20))
    staged("plots/data/counts.png", figure)
    page = '<img src="data:image/png;base64,{}">\n'
    staged("plots/report.html", page.format(base64.b64encode(figure).decode()))
    assert refusal(capsys) == ""
    staged("plots/report.html", page.format(base64.b64encode(other).decode()))
    assert refusal(capsys) == "plots/report.html:1: an embedded picture that is no figure in git\n"


def test_real_faces_in_place_of_a_figure_are_found(folder, capsys, real_faces):
    staged("docs/tuning.png", png(sheet(real_faces)))
    assert "docs/tuning.png: shows" in refusal(capsys)


def test_a_cropped_face_is_no_figure(folder, capsys):
    staged("docs/apps/demo.png", png(Image.fromarray(drawn_faces()[0])))
    assert refusal(capsys) == "docs/apps/demo.png: too small for a figure: 48x48 pixels\n"


def test_drawn_faces_are_allowed_in_some_figures_alone(folder, capsys):
    picture = png(sheet(drawn_faces()))
    staged("docs/apps/predict.png", picture)
    assert refusal(capsys) == ""
    staged("docs/overfitting.png", picture)
    assert "docs/overfitting.png: shows" in refusal(capsys)


def test_an_unreadable_figure_is_refused(folder, capsys):
    staged("docs/tuning.png", b"PAR1\x00\x00")
    assert refusal(capsys) == "docs/tuning.png: not a readable picture\n"
