"""What a file holds: usage or an inventory, by its header."""

from typing import IO

from sims.formats.text import FileRefused, sniff
from sims.formats.usage import ListOfSims, detect
from sims.intake.source import unpacked
from sims.intake.usage import own_mappings


def is_inventory(file: IO[bytes], organization_id: int) -> bool:
    """Whether the file is a list of SIMs. Of what cannot be read at all its import will say so. In the transaction."""
    try:
        with unpacked("", file) as opened:
            detect(sniff(opened.file), own_mappings(organization_id))
    except ListOfSims:
        return True
    except FileRefused:
        return False
    return False
