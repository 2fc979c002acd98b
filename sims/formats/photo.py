"""Identifiers on the photo of a SIM card or a device label, by its bar codes (QR, DataMatrix, Code 128). Pure."""

import re
from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING, Any, Final

from iotsim.core.brought import Brought, Code, Value
from sims.formats.picture import LONGEST_SIDE, picture
from sims.identifiers import NotAnIdentifier, iccid_warning, parse_eid, parse_iccid, parse_imei

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_CODES: Final = 20
ASKEW: Final = (20, 45, 70)  # degrees; the reader itself turns by right angles

_NUMBER = re.compile(r"(?<![0-9A-Za-z])[0-9](?:[ -]?[0-9]){13,35}(?:[ -]?[Ff])?(?![0-9A-Za-z])")
_SPACES = re.compile(r"[ -]")


def read_photo(content: IO[bytes]) -> Brought:
    """What the bar codes of a photo name: SIMs by ICCID, else by EID or IMEI. Raises FileRefused."""
    codes = identifiers_in(texts_of(picture(content)))
    order = {kind: place for place, kind in enumerate(("ICCID", "EID", "IMEI"))}
    codes.sort(key=lambda one: order[one.kind])
    return Brought("photo", "photo", values=[Value(0, one.text) for one in codes], codes=codes)


def texts_of(image: "Image") -> list[str]:
    """What the bar codes say, in the order of their place. A blurred photo is looked at again, sharpened and larger."""
    return next((found for one in _tries(image) if (found := _read(one))), [])


def _tries(image: "Image") -> Iterator["Image"]:
    from PIL import ImageFilter, ImageOps

    yield image
    yield ImageOps.invert(image)
    yield ImageOps.autocontrast(image.filter(ImageFilter.MedianFilter(3)))
    yield image.filter(ImageFilter.UnsharpMask(radius=3, percent=250, threshold=2))
    if max(image.size) <= LONGEST_SIDE // 2:
        yield image.resize((image.width * 2, image.height * 2))
    small = image.copy()
    small.thumbnail((LONGEST_SIDE // 2, LONGEST_SIDE // 2))
    for angle in ASKEW:
        yield small.rotate(angle, expand=True, fillcolor=255)


def _read(image: "Image") -> list[str]:
    import zxingcpp

    found: list[Any] = zxingcpp.read_barcodes(image, text_mode=zxingcpp.TextMode.Plain)
    placed = sorted(found[:MOST_CODES], key=lambda one: (one.position.top_left.y, one.position.top_left.x))
    return [one.text[:1000] for one in placed if one.valid]


def identifiers_in(texts: Iterable[str]) -> list[Code]:
    """The ICCIDs, EIDs and IMEIs in these texts, each once. A number counts only when its check digit fits."""
    found: dict[str, Code] = {}
    for text in texts:
        for match in _NUMBER.finditer(text):
            code = _identifier(_SPACES.sub("", match[0]))
            if code is not None:
                found.setdefault(code.text, code)
    return list(found.values())


def _identifier(digits: str) -> Code | None:
    if len(digits) == 32:
        return _parsed("EID", parse_eid, digits)
    if digits.startswith("89"):
        code = _parsed("ICCID", parse_iccid, digits)
        return code if code and not iccid_warning(code.text) else None
    return _parsed("IMEI", parse_imei, digits) if len(digits) == 15 else None


def _parsed(kind: str, parse: Any, digits: str) -> Code | None:
    try:
        return Code(kind, parse(digits))
    except NotAnIdentifier:
        return None
