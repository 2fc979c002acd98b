"""Opening a picture that somebody brought, within bounds. Pure.

A picture is opened only after its head was looked at: which kind it is, and how large it would become. Whoever makes
one that says it is small and grows when it is unpacked is stopped by the decoders' own limits.
"""

import warnings
from collections.abc import Callable
from functools import cache
from io import BytesIO
from typing import IO, TYPE_CHECKING, Final

from sims.formats.text import FileRefused

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS: Final = ("JPEG", "PNG", "WEBP")  # and HEIF, of which Pillow must be told first
WORDS: Final = "JPEG, PNG, WebP or HEIC"
MOST_PIXELS: Final = 50_000_000
LONGEST_SIDE: Final = 4000  # larger pictures are made smaller: a code's bars are wide enough all the same
SHOWN_SIDE: Final = 1568  # what models look at; they make larger pictures smaller themselves
QUALITY: Final = 85
MAGIC: Final = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"RIFF")
OTHERS: Final = (b"GIF8", b"II*\0", b"MM\0*")  # pictures as well, and refused as such: GIF and TIFF
BRANDS: Final = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")


def is_picture(start: bytes) -> bool:
    """Whether the first bytes are a picture's."""
    return start.startswith((*MAGIC, *OTHERS)) or _is_heif(start) or start[4:12] in (b"ftypavif", b"ftypavis")


def _is_heif(start: bytes) -> bool:
    return start[4:8] == b"ftyp" and start[8:12] in BRANDS


def picture(content: IO[bytes]) -> "Image":
    """The photo, upright and in grey. Raises FileRefused for what is none, too large or damaged."""
    return _opened(content, lambda image: image.convert("L"), mode="L", side=LONGEST_SIDE)


def as_jpeg(content: IO[bytes]) -> bytes:
    """The photo as a model may be shown it: upright, in colour, small, with nothing of what the camera wrote beside it.

    Raises FileRefused.
    """
    from PIL import Image

    small = _opened(content, lambda image: image.convert("RGB"), mode="RGB", side=SHOWN_SIDE)
    bare = Image.new("RGB", small.size)
    bare.paste(small)
    stored = BytesIO()
    bare.save(stored, "JPEG", quality=QUALITY)
    return stored.getvalue()


def _opened(content: IO[bytes], convert: "Callable[[Image], Image]", *, mode: str, side: int) -> "Image":
    from PIL import Image, ImageOps, UnidentifiedImageError

    formats = _know_heif() if _is_heif(content.read(16)) else FORMATS
    content.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            opened = Image.open(content, formats=formats)
            if opened.width * opened.height > MOST_PIXELS:
                raise _too_large()
            opened.draft(mode, (side, side))
            made = convert(_on_white(ImageOps.exif_transpose(opened)))
            made.thumbnail((side, side))
            return made
    except FileRefused:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
        raise _too_large() from error
    except UnidentifiedImageError as error:
        raise FileRefused(f"The file is no picture that can be read here. Send {WORDS}.") from error
    except RuntimeError as error:
        raise (_too_large() if "limit exceeded" in str(error) else _damaged()) from error
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError, KeyError, Warning) as error:
        raise _damaged() from error


@cache
def _know_heif() -> tuple[str, ...]:
    """What phones make. Only the picture itself is wanted, not the small, deep and other ones beside it."""
    from pi_heif import register_heif_opener

    register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
    return ("HEIF",)


def _too_large() -> FileRefused:
    return FileRefused(f"The picture has more than {MOST_PIXELS // 10**6} million points. Send a smaller one.")


def _damaged() -> FileRefused:
    return FileRefused("The picture is damaged: it cannot be read. Take it again, or save it as JPEG.")


def _on_white(image: "Image") -> "Image":
    """Without transparency, which would turn black."""
    from PIL import Image

    if "A" not in image.getbands() and "transparency" not in image.info:
        return image
    layer = image.convert("RGBA")
    paper = Image.new("RGBA", layer.size, "white")
    paper.alpha_composite(layer)
    return paper
