"""Which format a file is, by its header; and headers that are refused."""

import pytest

from sims.formats.header import SecretColumn, refuse_secrets
from sims.formats.text import FileRefused
from sims.formats.usage import detect, unread_columns
from tests.intake.reading import dialect_of, read_one
from tests.intake.samples import BICS, CELLHIRE, OWN, own_row, table


@pytest.mark.parametrize(("columns", "name"), [(OWN, "own"), (BICS, "bics"), (CELLHIRE, "cellhire")])
def test_each_vendor_is_known_by_its_header(columns, name):
    assert detect(dialect_of(",".join(columns))).name == name
    assert detect(dialect_of(";".join(reversed(columns)))).name == name


def test_the_case_and_signs_of_column_names_do_not_matter():
    assert detect(dialect_of("ICCID,Started At,Bytes-Up,BYTES_DOWN")).name == "own"


def test_an_unknown_header_names_the_known_formats_and_the_columns_seen():
    with pytest.raises(FileRefused) as refused:
        detect(dialect_of("shop,price,2024\n"))
    sentence = str(refused.value)
    assert "Seen: shop, price and 1 more." in sentence
    for title in ("iotsim usage", "BICS SIM for Things", "Cellhire session CDR"):
        assert title in sentence


def test_a_header_that_lacks_a_column_says_which():
    columns = [name for name in BICS if name != "volumeUplink"]
    with pytest.raises(
        FileRefused, match="looks like BICS SIM for Things, but these columns are missing: volumeUplink"
    ):
        detect(dialect_of(",".join(columns)))


def test_a_file_without_header_is_told_so_without_repeating_its_values():
    with pytest.raises(FileRefused) as refused:
        detect(dialect_of("8944100000000000017,2026-11-01 12:00:00,100,200"))
    assert "values instead of column names" in str(refused.value)
    assert "8944100" not in str(refused.value)


def test_a_column_that_stands_twice_is_refused():
    with pytest.raises(FileRefused, match="Two columns are called bytes_up"):
        detect(dialect_of("iccid,started_at,bytes_up,bytes_down,bytes_up"))


def test_a_sim_list_among_the_usage_is_told_apart():
    with pytest.raises(FileRefused, match="Import it as SIM inventory"):
        detect(dialect_of("iccid,imsi,msisdn,label,customer"))


def test_unknown_columns_are_left_out_and_named():
    dialect = dialect_of(",".join([*OWN, "colour", "mood"]))
    assert unread_columns(detect(dialect), dialect) == ["colour", "mood"]
    row = {**own_row(bytes_up=7), "colour": "red"}
    assert read_one(table([*OWN, "colour"], [row])).batch.bytes_up.tolist() == [7]


@pytest.mark.parametrize(
    "column",
    [
        "ki",
        "KI",
        "Ki",
        "OPC",
        "OPc",
        "opc_hex",
        "KI (hex)",
        "encryptedKi",
        "EncryptedOPc",
        "eKI",
        "K_I",
        "OP",
        "ADM1",
        "auth key",
    ],
)
def test_columns_of_secret_keys_are_refused(column):
    with pytest.raises(SecretColumn, match="Nothing of the file was kept"):
        refuse_secrets(["iccid", column])


@pytest.mark.parametrize("column", ["kit", "operator", "opcode", "kilobytes", "Kind", "topic", "skip", "admin"])
def test_words_that_only_begin_like_secrets_are_not(column):
    refuse_secrets(["iccid", column])


def test_keys_in_place_of_a_header_are_secrets_too():
    with pytest.raises(SecretColumn) as refused:
        refuse_secrets(["8944100000000000017", "0123456789abcdef0123456789ABCDEF"])
    assert "0123456789" not in str(refused.value)
    refuse_secrets(["8944100000000000017", "89049032123451234512345678901235"])
