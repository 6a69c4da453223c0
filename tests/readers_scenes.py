"""Small files with known pixels, for the tests of the readers."""

from __future__ import annotations

import random
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
