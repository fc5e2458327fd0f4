#!/usr/bin/env python3
"""Writes what the fuzz targets start from: FOLDER/TARGET/*, sound files and hostile ones.

corpus.py FOLDER
"""
import gzip
import io
import json
import pathlib
import struct
import sys
import zipfile
import zlib


def npy(header, data=b"", version=1):
    header = header.encode()
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(header)) + header + data


def dict_of(descr, shape, fortran=False):
    return f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n"


def npy_files():
    for dtype, size in [("|b1", 1), ("|i1", 1), ("<i2", 2), (">i4", 4), ("<i8", 8), ("|u1", 1), (">u2", 2), ("<u4", 4),
                        ("<u8", 8), ("<f4", 4), (">f8", 8)]:
        yield npy(dict_of(dtype, "(2, 3)"), bytes(6 * size))
    yield npy(dict_of("<f4", "(2, 3, 4)", True), bytes(96))
    yield npy(dict_of("<f4", "()"), bytes(4), 2)
    yield npy(dict_of("<f4", "(0, 3)"), b"", 3)
    yield npy("{'shape':(1L,),'descr':\"<i1\",'fortran_order':True}", b"1")
    # hostile: lengths and products that lie, dtypes that run code, what is no dict
    yield b"\x93NUMPY\x02\x00\xf0\xff\xff\xff{"
    yield b"\x93NUMPY\x01\x00\xff\xff"
    yield b"\x93NUMPY\x01\x00\x00\x00"
    yield npy(dict_of("<f8", "(4294967296, 4294967296)"))
    yield npy(dict_of("<f8", "(0, 18446744073709551615)"))
    yield npy(dict_of("<f8", "(1152921504606846977,)"), bytes(8))
    yield npy(dict_of("|O", "(1,)"), b"cos\nsystem\n(S'true'\ntR.")
    yield npy(dict_of("|b1", "(2,)"), b"\x01\x02")
    yield npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", bytes(4))
    yield npy("{" * 5000)
    yield npy("{'shape': (" + "1," * 5000)
    yield npy("{'descr': '<f4'" + " " * 5000)


def zipped(files, how=zipfile.ZIP_STORED):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", how) as z:
        for name, data in files:
            z.writestr(zipfile.ZipInfo(name), data, how)
    return made.getvalue()


def npz_files():
    arrays = [(f"a{i}.npy", data) for i, data in enumerate(npy_files()) if i < 3]
    plain, packed = zipped(arrays), zipped(arrays, zipfile.ZIP_DEFLATED)
    yield from (plain, packed, zipped([]), zipped([("x.txt", b"text")]), zipped([("../x.npy", arrays[0][1])]))
    # hostile: a bomb, sizes and offsets that lie, a damaged checksum, a comment that reaches out of the file
    yield zipped([("bomb.npy", npy(dict_of("|u1", "(300000,)"), bytes(300000)))], zipfile.ZIP_DEFLATED)
    for entries in (0, 2**32, 2**64 - 1):   # in the 64-bit end of the directory
        yield (b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, entries, entries, 0, 0) + b"PK\6\7" +
               struct.pack("<IQI", 0, 0, 1) + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0))
    for whole in (plain, packed):
        central = whole.index(b"PK\1\2")
        for at, what in [(20, b"\xff\xff\xff\x7f"), (24, b"\xff\xff\xff\xff"), (42, b"\xff\xff\xff\xff"), (10, b"\x0c\0"),
                         (8, b"\x01\0"), (16, b"\0\0\0\0"), (28, b"\xff\xff"), (30, b"\xff\xff")]:
            yield whole[:central + at] + what + whole[central + at + len(what):]
        yield whole[:-2] + b"\xff\xff"
        yield whole[:-14] + b"\xff\xff\xff\xff" + whole[-10:]
        yield whole[:-6] + b"\0\0\0\0\0\0"
        yield whole[:len(whole) // 2]


def safetensors(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def safetensors_files():
    both = {"__metadata__": {"kiln_version": "0.1.0"}, "w": entry("F32", [2, 3], 0, 24), "n": entry("I32", [], 24, 28)}
    yield safetensors(both, bytes(range(28)))
    yield safetensors({"w": both["w"]}, bytes(range(24)))
    yield safetensors({})
    sizes = {"BOOL": 1, "I8": 1, "U8": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2, "U32": 4, "F64": 8, "I64": 8, "U64": 8,
             "C64": 8}
    for dtype, size in sizes.items():
        yield safetensors({"t": entry(dtype, [0], 0, 0), "u": entry(dtype, [2], 0, 2 * size)}, bytes(2 * size))
    # hostile: lengths, holes, overlaps, products, duplicates, depth, what is no JSON
    for length in (0, 1, 2**32, 2**63, 2**64 - 1, 2**64 - 8):
        yield safetensors({}, b"", length)
    yield safetensors({"a": entry("U8", [2], 0, 2), "b": entry("U8", [2], 3, 5)}, bytes(5))
    yield safetensors({"a": entry("U8", [2], 0, 2), "b": entry("U8", [2], 1, 3)}, bytes(3))
    yield safetensors({"a": entry("U8", [2], 2, 0)}, bytes(2))
    yield safetensors({"a": entry("U8", [2**32, 2**32], 0, 0)})
    yield safetensors({"a": entry("U8", [0, 2**63 - 1, 2**63 - 1], 0, 0)})
    yield safetensors({"a": entry("U8", [1], 2**64 - 1, 2**64)}, bytes(1))
    yield safetensors({"a": entry("BOOL", [1], 0, 1)}, b"\x02")
    one = b'"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]}'
    yield safetensors(b"{" + one + b"," + one + b"}", b"1")
    yield safetensors(b'{"a":{"data_offsets":[],"data_offsets":[0,1],"shape":[],"dtype":"U8"}}', b"1")
    yield safetensors(b'{"a":' * 3000)
    yield safetensors(b'{"a":' + b"[" * 3000)
    yield safetensors(b'{"\xff":{}}')
    yield safetensors(b"{}\0PK\3\4")
    yield safetensors(b"\xef\xbb\xbf{}")
    yield safetensors(b'{"__metadata__":{"a":"1","a":"2"}}')


def checkpoint_files():
    yield json.dumps({"checkpoints": ["model-1.safetensors", "best-of-9223372036854775807.safetensors"]}).encode()
    yield b'{"checkpoints": []}'
    for name in ("../model-1.safetensors", "/etc/x-1.safetensors", "-1.safetensors", "a\0b-1.safetensors",
                 "..\\x-1.safetensors", "model-01.safetensors", "model-99999999999999999999.safetensors",
                 "model-+1.safetensors", "model-1.txt"):
        yield json.dumps({"checkpoints": [name]}).encode()
    yield b"[" * 3000
    yield b'{"checkpoints":' + b"[" * 3000
    yield b'{"checkpoints":["\xff-1.safetensors"]}'


def idx_files():
    for shape in [(4,), (2, 3), (0, 3)]:
        size = 1
        for n in shape:
            size *= n
        sound = bytes([0, 0, 8, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + bytes(size)
        yield from (sound, gzip.compress(sound, mtime=0), gzip.compress(sound[:5], mtime=0) + gzip.compress(sound[5:], mtime=0))
    yield b"\0\0\x08\x02" + b"\xff" * 8
    yield b"\0\0\x08\x01" + struct.pack(">I", 2**30) + b"abc"
    yield b"\0\0\x0d\x01" + struct.pack(">I", 1) + b"abcd"
    bomb = b"\0\0\x08\x01" + struct.pack(">I", 300000) + bytes(300000)
    yield gzip.compress(bomb, mtime=0)
    yield b"\x1f\x8b\x08\0" + zlib.compress(b"x")


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, bits, colours, rows, more=b"", interlaced=0):
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, interlaced))
    return b"\x89PNG\r\n\x1a\n" + head + more + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")


def png_files():
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
    palette = png_chunk(b"PLTE", bytes(range(48)))
    for colours, n in channels.items():
        for bits in {0: (1, 2, 4, 8, 16), 3: (1, 2, 4, 8)}.get(colours, (8, 16)):
            row = bytes([1]) + bytes((3 * n * bits + 7) // 8)
            yield png(3, 2, bits, colours, 2 * row, palette if colours == 3 else b"")
    grey = bytes([0, 7, 200])
    yield png(3, 1, 8, 3, bytes(4), palette + png_chunk(b"tRNS", bytes(3)))
    yield png(2, 1, 8, 0, grey, png_chunk(b"tRNS", b"\0\7"))
    yield png(2, 1, 8, 0, grey, png_chunk(b"gAMA", struct.pack(">I", 100000)))
    yield png(2, 1, 8, 0, grey, png_chunk(b"tEXt", b"a\0b") + png_chunk(b"bKGD", b"\0\1"))
    yield png(2, 2, 8, 0, bytes([0, 1, 0, 2, 4, 3, 4]), b"", 1)
    # hostile: sizes that lie, chunks that lie, too few rows and too many, a bomb
    yield png(0x7fffffff, 0x7fffffff, 8, 6, grey)
    yield png(1000000, 4, 1, 0, grey)
    yield png(0, 1, 8, 0, grey)
    yield png(2, 1, 3, 5, grey)
    yield png(2, 9, 8, 0, grey)
    yield png(2, 1, 8, 0, 9 * grey)
    yield png(2, 1, 8, 0, bytes([9, 0, 0]))
    yield png(2, 1, 8, 3, grey)
    yield png(2, 1, 8, 0, grey, png_chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(300000))))
    yield png(600, 600, 8, 0, bytes(601 * 600))
    whole = png(2, 1, 8, 0, grey)
    yield from (whole[:-1], whole[:-12], whole + b"x", whole[:8] + whole[33:], whole[:33] + b"\xff\xff\xff\xff" + whole[37:])


def main():
    for target, files in {"npy": npy_files, "npz": npz_files, "safetensors": safetensors_files, "checkpoint": checkpoint_files,
                          "idx": idx_files, "png": png_files}.items():
        folder = pathlib.Path(sys.argv[1]) / target
        folder.mkdir(parents=True, exist_ok=True)
        for i, data in enumerate(files()):
            (folder / f"seed{i:03}").write_bytes(data)


if __name__ == "__main__":
    main()
