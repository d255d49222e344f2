"""Pictures of items come from files below the deliveries' folder, and from nowhere else."""

import base64
from io import BytesIO
from pathlib import Path

from PIL import Image

from interest_spark.reports.html.images import read_images


def test_a_picture_is_made_small(tmp_path: Path) -> None:
    Image.new("RGBA", (400, 300), "red").save(tmp_path / "a.png")
    found = read_images({"a": "a.png", "same": str(tmp_path / "a.png")}, str(tmp_path))
    assert found["a"] == found["same"]
    content = base64.b64decode(found["a"].removeprefix("data:image/jpeg;base64,"))
    with Image.open(BytesIO(content)) as image:
        assert (image.format, image.size) == ("JPEG", (72, 54))


def test_what_is_elsewhere_or_no_picture_is_left_out(tmp_path: Path) -> None:
    root = tmp_path / "shop"
    root.mkdir()
    Image.new("RGB", (9, 9)).save(tmp_path / "outside.png")
    (root / "link.png").symlink_to(tmp_path / "outside.png")
    (root / "text.png").write_text("no picture")
    (root / "cut.png").write_bytes((tmp_path / "outside.png").read_bytes()[:40])
    (root / "drawn.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    places = ["https://shop.example/a.png", "s3://shop/a.png", "../outside.png", str(tmp_path / "outside.png")]
    places += ["link.png", "text.png", "cut.png", "drawn.svg", "missing.png", "", ".", "nul\0.png"]
    assert read_images({f"i{number}": place for number, place in enumerate(places)} | {"none": None}, str(root)) == {}
    assert read_images({"a": "a.png"}, "") == {}
