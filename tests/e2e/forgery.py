"""Records that no daemon would write: signed with a node's own key, as whoever has copied its folder could."""

import secrets
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

PREVIOUS, INCARNATION, SEQUENCE, CLOCK, BODY = 6, 4, 5, 8, 10
_PKCS8_OF_A_SEED = bytes.fromhex("302e020100300506032b657004220420")


def varint(number: int) -> bytes:
    coded = b""
    while number > 0x7f:
        coded += bytes([number & 0x7f | 0x80])
        number >>= 7
    return coded + bytes([number])


def fields_of(message: bytes) -> list:
    """[(number, wire type, value as it is coded)…]; of a text or bytes without the length."""
    fields, at = [], 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        tag = number()
        begin = at
        if tag & 7 == 0:
            number()
        elif tag & 7 == 1:
            at += 8
        else:
            size = number()
            begin, at = at, at + size
        fields.append((tag >> 3, tag & 7, message[begin:at]))
    return fields


def message_of(fields: list) -> bytes:
    return b"".join(varint(number << 3 | wire) + (varint(len(value)) if wire == 2 else b"") + value for number, wire, value in fields)


def _sign(key_file: Path, data: bytes) -> bytes:
    seed = key_file.read_bytes()[-64:-32]
    with tempfile.TemporaryDirectory() as directory:
        key, signed = Path(directory) / "key.der", Path(directory) / "data"
        key.write_bytes(_PKCS8_OF_A_SEED + seed)
        signed.write_bytes(data)
        return subprocess.run(["openssl", "pkeyutl", "-sign", "-inkey", key, "-keyform", "DER", "-rawin", "-in", signed],
                              check=True, capture_output=True).stdout


def envelope_with(state: Path, text: bytes) -> list:
    """The fields of the stored record that holds this text."""
    store = sqlite3.connect(f"file:{state / 'starling.db'}?mode=ro", uri=True)
    try:
        (envelope,) = next(row for row in store.execute("SELECT envelope FROM record") if text in row[0])
    finally:
        store.close()
    return fields_of(envelope)


def _signed_anew(state: Path, envelope: list, payload: bytes) -> bytes:
    kind = next(value for number, _, value in envelope if number == 2)
    signed = b"".join(varint(len(part)) + part for part in (b"starling-record", kind, payload))
    new = {3: payload, 5: _sign(state / "identity.key", signed)}
    return message_of([(number, wire, new.get(number, value)) for number, wire, value in envelope])


def rival_of(state: Path, text: bytes, other: bytes) -> bytes:
    """The record that holds `text`, with `other` in its place, of one length: two records with one number."""
    assert len(text) == len(other)
    envelope = envelope_with(state, text)
    payload = next(value for number, _, value in envelope if number == 3)
    return _signed_anew(state, envelope, payload.replace(text, other))


def after_what_nobody_has(state: Path, text: bytes) -> bytes:
    """The record with that text, put after one of its chain that never was."""
    envelope = envelope_with(state, text)
    payload = fields_of(next(value for number, _, value in envelope if number == 3))
    new = {PREVIOUS: secrets.token_bytes(32)}
    return _signed_anew(state, envelope, message_of([(number, wire, new.get(number, value)) for number, wire, value in payload]))


def from_the_future(state: Path, text: bytes, ahead_s: int) -> bytes:
    """What the record with that text says, in a chain of its own, by a clock that is so far ahead."""
    envelope = envelope_with(state, text)
    payload = fields_of(next(value for number, _, value in envelope if number == 3))
    clock = int((time.time() + ahead_s) * 1000) << 16
    new = {INCARNATION: secrets.token_bytes(8), SEQUENCE: varint(1), CLOCK: clock.to_bytes(8, "little")}
    return _signed_anew(state, envelope, message_of(
        [(number, wire, new.get(number, value)) for number, wire, value in payload if number != PREVIOUS]))
