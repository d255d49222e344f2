"""Pictures of items, made small and carried within the page: from files of the shop's own deliveries alone."""

import base64
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from interest_spark.foundation.locations import is_url

_MOST_BYTES = 10 << 20
_MOST_PIXELS = 50_000_000
_SIZE = (72, 72)
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


def read_images(places: Mapping[str, str | None], root: str) -> dict[str, str]:
    """`data:` addresses of small pictures by item, for those of `places` that are files below the folder `root`.

    Addresses of the web are never asked, nothing outside the folder is read, and what is no picture is left out: the
    page is what it was made from, whoever opens it.
    """
    if not root or is_url(root):
        return {}
    folder = Path(root).resolve()
    found = {}
    for item, place in places.items():
        if place and not is_url(place) and (content := _small(folder, place)):
            found[item] = f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"
    return found


def _small(folder: Path, place: str) -> bytes | None:
    try:
        path = (folder / place).resolve()
        if not path.is_relative_to(folder) or not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return None
        with Image.open(path, formats=_FORMATS) as image:
            if image.width * image.height > _MOST_PIXELS:
                return None
            image.draft("RGB", _SIZE)
            image.thumbnail(_SIZE)
            content = BytesIO()
            image.convert("RGB").save(content, "JPEG", quality=75)
            return content.getvalue()
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError):
        return None
