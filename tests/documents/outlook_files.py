"""Makes mails of Outlook for tests: a compound file with the streams of MS-OXMSG."""

import struct

_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_TEXT, _BYTES, _NUMBER = 0x001F, 0x0102, 0x0003
Value = str | bytes | int
Node = dict[str, "bytes | Node"]


def properties(values: dict[int, Value], header: int) -> Node:
    """The streams for these properties, by their tag; `header` is its length in bytes."""
    node: Node = {}
    entries = b""
    for tag, value in values.items():
        if isinstance(value, int):
            entries += struct.pack("<HHIii", _NUMBER, tag, 6, value, 0)
            continue
        kind = _TEXT if isinstance(value, str) else _BYTES
        data = value.encode("utf-16-le") if isinstance(value, str) else value
        size = len(data) + (2 if kind == _TEXT else 0)
        entries += struct.pack("<HHIII", kind, tag, 6, size, 0)
        node[f"__substg1.0_{tag:04X}{kind:04X}"] = data
    node["__properties_version1.0"] = bytes(header) + entries
    return node


def mail(values: dict[int, Value], attachments: list[dict[int, Value]]) -> bytes:
    root = properties({0x340D: 0x40000, 0x001A: "IPM.Note", **values}, 32)
    for number, attachment in enumerate(attachments):
        root[f"__attach_version1.0_#{number:08X}"] = properties(attachment, 8)
    return _compound(root)


class _Space:
    """Streams in sectors of one size, and the table of what follows each sector."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.data = b""
        self.table: list[int] = []

    def store(self, data: bytes) -> int:
        """The number of the first sector."""
        if not data:
            return _END
        first, count = len(self.table), -(-len(data) // self.size)
        self.data += data.ljust(count * self.size, b"\0")
        self.table += [*range(first + 1, first + count), _END]
        return first


def _compound(root: Node) -> bytes:
    """A compound file; streams of less than 4,096 bytes lie in the small sectors."""
    large, small = _Space(512), _Space(64)
    entries: list[list[object]] = []  # name, kind, right, child, start, size

    def enter(name: str, node: "bytes | Node", kind: int) -> int:
        number = len(entries)
        entry: list[object] = [name, kind, _FREE, _FREE, 0, 0]
        entries.append(entry)
        if isinstance(node, bytes):
            space = small if len(node) < 4096 else large
            entry[4], entry[5] = space.store(node), len(node)
            return number
        before = None
        for child, inner in node.items():
            here = enter(child, inner, 2 if isinstance(inner, bytes) else 1)
            if before is None:
                entry[3] = here
            else:
                before[2] = here
            before = entries[here]
        return number

    enter("Root Entry", root, 5)
    entries[0][4], entries[0][5] = large.store(small.data), len(small.data)
    directory = large.store(b"".join(_entry(*entry) for entry in entries))
    chain = large.store(struct.pack(f"<{len(small.table)}I", *small.table))
    chained = -(-len(small.table) // 128)
    # What is beyond the table of the small sectors is free.
    large.data = large.data[: len(large.data) - chained * 512] + struct.pack(
        f"<{chained * 128}I", *small.table, *[_FREE] * (chained * 128 - len(small.table))
    )
    count = 1
    while count * 128 < len(large.table) + count:
        count += 1
    fat = list(range(len(large.table), len(large.table) + count))
    table = [*large.table, *[_FAT] * count]
    table += [_FREE] * (count * 128 - len(table))
    header = struct.pack(
        "<8s16sHHHHH6sIIIIIIIII",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", bytes(16), 0x3E, 3, 0xFFFE, 9, 6, bytes(6),
        0, count, directory, 0, 4096, chain, chained, _END, 0,
    )  # fmt: skip
    header += struct.pack("<109I", *fat, *[_FREE] * (109 - len(fat)))
    return header + large.data + struct.pack(f"<{len(table)}I", *table)


def _entry(
    name: object, kind: object, right: object, child: object, start: object, size: object
) -> bytes:
    coded = str(name).encode("utf-16-le")
    return struct.pack(
        "<64sHBBIII16sIQQIQ",
        coded, len(coded) + 2, kind, 1, _FREE, right, child, bytes(16), 0, 0, 0, start, size,
    )  # fmt: skip
