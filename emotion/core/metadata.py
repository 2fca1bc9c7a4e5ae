"""A picture file's metadata: left out before it is decoded, because odd ones must not decide whether it is read."""

import re
import struct
from collections.abc import Iterator

JPEG = b"\xff\xd8"
PNG = b"\x89PNG\r\n\x1a\n"
ORDERS = {b"II*\0": "<", b"MM\0*": ">"}  # of bytes, by how TIFF and EXIF begin
ORIENTATION = 0x0112
# Resolution and its unit, and blocks of EXIF, GPS, XMP, IPTC, Photoshop and colour profiles.
UNUSED = frozenset({282, 283, 296, 700, 33723, 34377, 34665, 34675, 34853})
EXIF_ITEM = re.compile(rb"(infe(?:\x02.{7}|\x03.{9}))Exif", re.DOTALL)
MARKERS_WITHOUT_LENGTH = frozenset({0x00, 0x01, *range(0xD0, 0xDA)})
START_OF_SCAN = 0xDA


def split(content: bytes) -> tuple[bytes | bytearray, bytes]:
    """Return a picture file without metadata that a decoder might stumble over, and its EXIF data, if any."""
    if content.startswith(JPEG):
        return _split_jpeg(content)
    if content.startswith(PNG):
        return _split_png(content)
    if content[:4] in ORDERS:
        return _without_unused(content), b""
    if content[4:8] == b"ftyp":  # AVIF, which states its orientation elsewhere, too
        return EXIF_ITEM.sub(rb"\1none", content), b""
    return content, b""


def orientation(exif: bytes) -> int:
    """Return the orientation, 1 to 8, that EXIF data state; 1 where they state none that can be read."""
    exif = exif.removeprefix(b"Exif\0\0")
    try:
        for tag, kind, place in _entries(exif):
            if tag == ORIENTATION:
                (value,) = struct.unpack_from(ORDERS[exif[:4]] + {1: "B", 3: "H", 4: "I"}[kind], exif, place)
                return value if 1 <= value <= 8 else 1
    except (KeyError, struct.error):
        pass
    return 1


def _split_jpeg(content: bytes) -> tuple[bytes, bytes]:
    kept = [content[:2]]
    exif = b""
    place = 2
    while place + 4 <= len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if marker == 0xFF:  # padding
            place += 1
            continue
        if marker == START_OF_SCAN or marker in MARKERS_WITHOUT_LENGTH:
            break
        size = 2 + int.from_bytes(content[place + 2 : place + 4], "big")
        segment = content[place : place + size]
        if _decides_pixels(marker, segment):
            kept.append(segment)
        elif segment[4:10] == b"Exif\0\0" and not exif:
            exif = segment[10:]
        place += size
    return b"".join([*kept, content[place:]]), exif


def _decides_pixels(marker: int, segment: bytes) -> bool:
    """Return whether libjpeg looks at a segment: of the applications' ones, at two that name the colour space."""
    if marker == 0xE0:
        return segment[4:8] == b"JFIF" and len(segment) >= 18
    if marker == 0xEE:
        return segment[4:9] == b"Adobe" and len(segment) >= 16
    return not (0xE0 <= marker <= 0xEF or marker == 0xFE)


def _split_png(content: bytes) -> tuple[bytes, bytes]:
    kept = [PNG]
    exif = b""
    place = len(PNG)
    while place + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, place)
        chunk = content[place : place + size + 12]
        if kind == b"tRNS" or not kind[0] & 0x20:  # a small first letter: not needed for the pixels
            kept.append(chunk)
        elif kind == b"eXIf":
            exif = chunk[8:-4]
        place += size + 12
        if kind == b"IEND":
            break
    return b"".join(kept), exif


def _without_unused(content: bytes) -> bytes | bytearray:
    """Return a TIFF whose tags in UNUSED have a type that is none, so that decoders pass over them."""
    changed = bytearray(content)
    try:
        for tag, _, place in _entries(content):
            if tag in UNUSED:
                changed[place - 6 : place - 4] = b"\0\0"
    except struct.error:  # damaged, which the decoder will find out
        return content
    return changed


def _entries(tiff: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the tag, the type and the place of the value of each entry of a TIFF's first directory."""
    order = ORDERS[tiff[:4]]
    (start,) = struct.unpack_from(order + "I", tiff, 4)
    (count,) = struct.unpack_from(order + "H", tiff, start)
    for place in range(start + 2, start + 2 + 12 * count, 12):
        yield *struct.unpack_from(order + "HH", tiff, place), place + 8
