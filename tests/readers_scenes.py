"""Small files with known pixels, for the tests of the readers."""

from __future__ import annotations

import json
import random
import struct
from itertools import pairwise
from pathlib import Path

import av
import cv2
import imagecodecs
import numpy as np
import tifffile
import zarr


def pixels(shape: tuple[int, ...], dtype: str = "uint8", seed: int = 0) -> np.ndarray:
    """Return random pixels over the range of an integer type, or 0 to 1."""
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return rng.random(shape).astype(dtype)
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)


def smooth_rgb(height: int = 48, width: int = 64) -> np.ndarray:
    """Return a smooth colour image, that lossy codecs keep well."""
    small = pixels((6, 8, 3))
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def write_video(
    path: Path,
    codec: str,
    pix_fmt: str = "yuv420p",
    *,
    n: int = 30,
    gop: int = 10,
    b_frames: int = 2,
) -> Path:
    """Write a picture that moves right by one pixel a frame."""
    picture = smooth_rgb()
    options = {"g": str(gop), "bf": str(b_frames)} if codec in ("libx264", "mpeg4") else {}
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec, rate=10, options=options)
        stream.height, stream.width, stream.pix_fmt = *picture.shape[:2], pix_fmt
        for i in range(n):
            frame = av.VideoFrame.from_ndarray(np.roll(picture, i, 1), format="rgb24")
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return path


def decoded_in_order(path: Path, pixel_format: str = "rgb24") -> list[np.ndarray]:
    """Decode a video from its beginning to its end."""
    with av.open(str(path)) as file:
        return [frame.to_ndarray(format=pixel_format) for frame in file.decode(video=0)]


def write_ome_zarr(path: Path, array: np.ndarray, version: str) -> Path:
    """Write a TCYX image with 0.5 µm pixels and a frame every 2 minutes."""
    axes = [
        {"name": "t", "type": "time", "unit": "minute"},
        {"name": "c", "type": "channel"},
        {"name": "y", "type": "space", "unit": "nanometer"},
        {"name": "x", "type": "space", "unit": "nanometer"},
    ]
    scale = [{"type": "scale", "scale": [2.0, 1.0, 500.0, 250.0]}]
    image = {"axes": axes, "datasets": [{"path": "0", "coordinateTransformations": scale}]}
    omero = {"channels": [{"label": "GFP"}, {"label": "RFP"}]}
    zarr_format = 2 if version == "0.4" else 3
    group = zarr.open_group(str(path), mode="w", zarr_format=zarr_format)
    level = group.create_array(
        "0", shape=array.shape, chunks=(1, 1, *array.shape[2:]), dtype=array.dtype
    )
    level[:] = array
    metadata = {"multiscales": [image], "omero": omero}
    group.attrs.update(metadata if version == "0.4" else {"ome": {**metadata, "version": "0.5"}})
    return path


def small_files(folder: Path) -> list[Path]:
    """Write a valid file of many kinds each, to be damaged."""
    stack, rgb = pixels((5, 20, 25), "uint16"), smooth_rgb()
    for codec in ("zlib", "lzw", "zstd", "packbits"):
        tifffile.imwrite(folder / f"{codec}.tif", stack, compression=codec)
    for codec in ("jpeg", "jpeg2000", "webp"):
        tifffile.imwrite(folder / f"{codec}.tif", rgb, compression=codec, photometric="rgb")
    tifffile.imwrite(folder / "tiled.tif", stack, tile=(16, 16), compression="zlib")
    tifffile.imwrite(folder / "big.tif", stack, bigtiff=True)
    tifffile.imwrite(folder / "imagej.tif", stack, imagej=True, metadata={"axes": "TYX"})
    tifffile.imwrite(folder / "ome.tif", stack, ome=True, metadata={"axes": "TYX"})
    (folder / "a.png").write_bytes(imagecodecs.png_encode(rgb))
    (folder / "a.jpg").write_bytes(imagecodecs.jpeg8_encode(rgb))
    cv2.imwrite(str(folder / "a.bmp"), rgb)
    write_video(folder / "a.mp4", "libx264")
    write_video(folder / "a.avi", "mpeg4")
    write_video(folder / "a.gif", "gif", "rgb8", n=4)
    return sorted(folder.iterdir())


def damaged(data: bytes, seed: int) -> bytes:
    """Cut a file short or change some of its bytes, more often in its head."""
    rng, broken = random.Random(seed), bytearray(data)
    if rng.random() < 0.25:
        return data[: rng.randrange(1, len(data))]
    reach = min(len(data), 400) if rng.random() < 0.6 else len(data)
    for _ in range(rng.choice((1, 2, 4, 16, 64))):
        broken[rng.randrange(reach)] = rng.choice((0, 255, rng.randrange(256)))
    return bytes(broken)


def ome_xml(*images: tuple[str, str], root: str = "") -> bytes:
    """Return an OME description of images, each attributes of Pixels and what is in it."""
    space = "http://www.openmicroscopy.org/Schemas/OME/2016-06"
    body = "".join(
        f'<Image ID="Image:{i}" Name="{chr(65 + i)}"><Pixels ID="Pixels:{i}" '
        f'DimensionOrder="XYZCT" Type="uint16" {attributes}>{inside}</Pixels></Image>'
        for i, (attributes, inside) in enumerate(images)
    )
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return f'{head}<OME xmlns="{space}" {root}>{body}</OME>'.encode()


def sizes(array: np.ndarray, um: float = 0.5) -> str:
    """Return the attributes of Pixels of a movie T, Y, X."""
    t, y, x = array.shape
    return (
        f'SizeX="{x}" SizeY="{y}" SizeC="1" SizeZ="1" SizeT="{t}" BigEndian="false" '
        f'PhysicalSizeX="{um}" PhysicalSizeY="{um}"'
    )


def write_described(path: Path, array: np.ndarray, description: bytes) -> None:
    """Write pages with a description of our own."""
    tifffile.imwrite(path, array, description=description, metadata=None, photometric="minisblack")


def write_ome_set(folder: Path, movie: np.ndarray, *, companion: bool = False) -> list[Path]:
    """Write a movie T, Y, X with a file a time point, described in each or in a companion."""
    folder.mkdir(exist_ok=True)
    uuids = [f"urn:uuid:0000000{t}-0000-4000-8000-000000000000" for t in range(len(movie))]
    names = [f"set_T{t}.ome.tif" for t in range(len(movie))]
    blocks = "".join(
        f'<TiffData FirstT="{t}" IFD="0" PlaneCount="1"><UUID FileName="{name}">{uuid}</UUID>'
        "</TiffData>"
        for t, (name, uuid) in enumerate(zip(names, uuids, strict=True))
    )
    image = (sizes(movie), f'<Channel ID="Channel:0:0" Name="GFP"/>{blocks}')
    own = "urn:uuid:99999999-0000-4000-8000-000000000000"
    if companion:
        (folder / "set.companion.ome").write_bytes(ome_xml(image, root=f'UUID="{own}"'))
    for plane, name, uuid in zip(movie, names, uuids, strict=True):
        text = ome_xml(image, root=f'UUID="{uuid}"')
        if companion:
            pointer = f'<BinaryOnly MetadataFile="set.companion.ome" UUID="{own}"/>'
            text = ome_xml(root=f'UUID="{uuid}"').replace(b"></OME>", f">{pointer}</OME>".encode())
        write_described(folder / name, plane, text)
    return [folder / name for name in names]


def write_micro_manager(
    path: Path, movie: np.ndarray, *, position: int = 0, **summary: object
) -> Path:
    """Write a stack T, Y, X as Micro-Manager does: a summary and an index before the pages."""
    n_frames, height, width = movie.shape
    known = {
        "MicroManagerVersion": "2.0.1", "Frames": n_frames, "Channels": 1, "Slices": 1,
        "Positions": 1, "TimeFirst": False, "SlicesFirst": True, "PixelSize_um": 0.325,
        "Interval_ms": 60000.0, "ChNames": ["GFP"], "Prefix": path.name.split("_MMStack")[0],
    }  # fmt: skip
    text = json.dumps(known | summary).encode()
    text += b" " * (len(text) % 2)
    out = bytearray(40) + text
    offsets = []
    for plane in movie:
        at, data = len(out), plane.astype("<u2").tobytes()
        offsets.append(at)
        tags = [
            (256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 16), (259, 3, 1, 1),
            (262, 3, 1, 1), (273, 4, 1, at + 162), (277, 3, 1, 1), (278, 3, 1, height),
            (279, 4, 1, len(data)), (282, 5, 1, at + 8), (283, 5, 1, at + 8), (296, 3, 1, 3),
            (51123, 2, len(text), 40),
        ]  # fmt: skip
        out += struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *t) for t in tags)
        out += b"\0\0\0\0" + data + b"\0" * (len(data) % 2)
    for at, following in pairwise(offsets):
        struct.pack_into("<I", out, at + 158, following)
    index = len(out)
    out += struct.pack("<II", 3453623, n_frames)
    for t, at in enumerate(offsets):
        out += struct.pack("<5I", 0, 0, t, position, at)
    out[:4] = b"II*\0"
    struct.pack_into(
        "<9I", out, 4, offsets[0], 54773648, index, 483765892, 0, 99384722, 0, 2355492, len(text)
    )
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(out)
    return path
