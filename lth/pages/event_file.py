"""Event files of TensorBoard, written directly: scalars need four kinds of fields, TensorBoard's own writer 60 MB.

A file is a row of records (TFRecord): the length of the content as uint64, its checksum, the content, its checksum. A
checksum is CRC-32C (Castagnoli), rotated and shifted so that a checksum of checksums is not degenerate. The content is
an `Event` in the wire format of protocol buffers: `wall_time` (1, double), `step` (2, varint), `file_version` (3,
string), `summary` (5), whose `value` (1) has a `tag` (1, string) and a `simple_value` (2, float).
"""

import struct
from collections.abc import Iterable
from functools import cache

_POLYNOMIAL = 0x82F63B78
"""Castagnoli's, reflected."""
_VERSION = b"brain.Event:2"
_VARINT, _DOUBLE, _BYTES, _FLOAT = 0, 1, 2, 5
"""Wire types."""


def event_file(scalars: Iterable[tuple[str, int, float]], wall_time: float) -> bytes:
    """The content of an event file.

    Args:
        scalars: tag, step from 0, and value of each.
        wall_time: seconds since 1970, of all of them.
    """
    time = _field(1, _DOUBLE, struct.pack("<d", wall_time))
    records = [_record(time + _field(3, _BYTES, _VERSION))]
    for tag, step, value in scalars:
        summary = _field(1, _BYTES, tag.encode()) + _field(2, _FLOAT, struct.pack("<f", value))
        event = time + _field(2, _VARINT, _varint(step)) + _field(5, _BYTES, _field(1, _BYTES, summary))
        records.append(_record(event))
    return b"".join(records)


def crc32c(content: bytes) -> int:
    """CRC-32C of some bytes (RFC 3720, appendix B.4)."""
    table, value = _table(), 0xFFFFFFFF
    for byte in content:
        value = table[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


@cache
def _table() -> tuple[int, ...]:
    found = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
        found.append(value)
    return tuple(found)


def _record(content: bytes) -> bytes:
    length = struct.pack("<Q", len(content))
    return b"".join((length, _masked(length), content, _masked(content)))


def _masked(content: bytes) -> bytes:
    value = crc32c(content)
    return struct.pack("<I", ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def _field(number: int, kind: int, content: bytes) -> bytes:
    length = _varint(len(content)) if kind == _BYTES else b""
    return bytes([number << 3 | kind]) + length + content


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; the highest bit says that another byte follows."""
    groups = []
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*groups, value])
