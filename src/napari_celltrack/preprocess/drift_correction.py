"""Drift correction: measure how far the stage has moved since the first frame."""

from __future__ import annotations

from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray
from pydantic import Field
from scipy import fft

from napari_celltrack.arrays.sampling import sample_step
from napari_celltrack.preprocess.step import ReferenceStep

#: Larger images are shrunk before they are compared, which costs little precision.
_LARGEST_PX = 1024
#: Detail finer than this many pixels is mostly noise and is filtered out.
_SMOOTHING_PX = 2.0
#: Cycles per pixel above which the smoothing leaves less than a hundredth.
_HIGHEST = 0.25
#: How far the peak must stand out of the correlation, in standard deviations of its noise.
_PEAK_TO_NOISE = 8.0
#: How many times the second highest peak the peak must be, and how many pixels apart the two are
#: at least: even in a different field some cells happen to match.
_PEAK_TO_SECOND, _PEAK_PX = 1.6, 8
#: The part that both images show is compared again if it is at least this wide.
_LEAST_COMMON_PX = 16
#: The place of the peak is refined to one over this many pixels.
_UPSAMPLING = 20


class DriftCorrection(ReferenceStep):
    """Follow the field of view as a whole, against drift and jumps of the stage.

    The shift of a frame relative to the first is the peak of their phase correlation, to a
    twentieth of a pixel. It is 0 if no peak stands out of the noise (an empty frame, a different
    field) or if the first frame is empty.

    Cells are detected in the image of the file: outlines, and positions in the tables, stay in its
    coordinates. So the place of this step among the others matters only for the images that it
    compares. Linking subtracts the shift from the positions before it compares cells, so the
    search radius need not cover jumps of the stage. The shift is written to the table `drift`,
    together with any drift that the linker removes itself. The preprocessed image shows the
    stabilised frame. If several such steps are on, the first counts.

    References
    ----------
    Guizar-Sicairos, M., Thurman, S. T. and Fienup, J. R. (2008). Efficient subpixel image
    registration algorithms. Optics Letters, 33, 156-158. ``skimage.registration.
    phase_cross_correlation`` is the reference that it is compared with.

    Phase correlation: Kuglin, C. D. and Hines, D. C. (1975). The phase correlation image
    alignment method. Proceedings of the IEEE Conference on Cybernetics and Society, 163-165.
    """

    method: Literal["drift_correction"] = "drift_correction"
    max_shift_px: float = Field(
        100.0,
        ge=1.0,
        le=4096.0,
        title="Largest shift",
        description=(
            "How far a frame may have moved since the first one, along Y and along X. Raise it for"
            " a stage that drifts far; lower it when frames that hardly resemble the first are"
            " moved too far."
        ),
    )

    def __call__(self, image: NDArray[Any], reference: NDArray[Any]) -> NDArray[Any]:
        """Return the plane moved back by its shift, in its own data type."""
        return np.array(stabilised(image, self.shift_px(image, reference)))

    def shift_px(self, image: NDArray[Any], reference: NDArray[Any]) -> tuple[float, float]:
        """Measure how far a plane has moved relative to the reference.

        Parameters
        ----------
        image, reference : ndarray
            One plane (Y, X) each, of equal shape, uint8, uint16 or float32.

        Returns
        -------
        (float, float)
            Along Y and X; positive when the content has moved down and right.
        """
        return phase_shift_px(image, reference, self.max_shift_px)


def phase_shift_px(
    image: NDArray[Any], reference: NDArray[Any], max_shift_px: float
) -> tuple[float, float]:
    """Measure how far an image has moved, by the peak of the phase correlation.

    Parameters
    ----------
    image, reference : ndarray
        One plane (Y, X) each, of equal shape, uint8, uint16 or float32.
    max_shift_px : float
        Largest shift along each axis.

    Returns
    -------
    (float, float)
        Along Y and X; (0, 0) if no peak stands out.
    """
    shrink = max(1.0, max(image.shape) / _LARGEST_PX)
    pixels, model = _shrunk(image, shrink), _shrunk(reference, shrink)
    surface = fft.irfft2(_cross_power(pixels, model), s=pixels.shape)
    coarse = _peak_of(surface, max_shift_px / shrink)
    if coarse is None:
        return 0.0, 0.0
    # Again, in the part that both show: the faded borders pull the first peak towards 0.
    parts = _in_common(pixels, model, coarse)
    rest = _refined(*parts) if min(parts[0].shape) >= _LEAST_COMMON_PX else (0, 0)
    scale = (full / small for full, small in zip(image.shape, pixels.shape, strict=True))
    y_px, x_px = (
        float(np.clip((whole + part) * factor, -max_shift_px, max_shift_px))
        for whole, part, factor in zip(coarse, rest, scale, strict=True)
    )
    return y_px, x_px


def stabilised(image: NDArray[Any], shift_px: tuple[float, float]) -> NDArray[Any]:
    """Move a plane back by its shift.

    Parameters
    ----------
    image : ndarray
        One plane (Y, X), uint8, uint16 or float32.
    shift_px : (float, float)
        Along Y and X, as :func:`phase_shift_px` gives it.

    Returns
    -------
    ndarray
        The moved plane (Y, X), same dtype; the same array without a shift. Pixels from outside the
        field get the darkest value; values between pixels are interpolated.
    """
    if not any(shift_px):
        return image
    y, x = shift_px
    moved = cv2.warpAffine(
        np.ascontiguousarray(image),
        np.array([[1, 0, -x], [0, 1, -y]], np.float64),
        image.shape[::-1],
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=float(image.min()),
    )
    return np.asarray(moved).reshape(image.shape)


def _shrunk(image: NDArray[Any], factor: float) -> NDArray[np.float32]:
    pixels: NDArray[Any] = image.astype(np.float32, copy=False)
    if factor <= 1:
        return pixels
    size = tuple(max(1, round(length / factor)) for length in image.shape[::-1])
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.float32)


def _cross_power(
    image: NDArray[np.float32], reference: NDArray[np.float32]
) -> npt.NDArray[np.complex64]:
    """Return the phases of half the cross spectrum, with fine detail damped."""
    product = fft.rfft2(_windowed(image)) * np.conj(fft.rfft2(_windowed(reference)))
    size = np.abs(product)
    # The phase of a value near zero is nothing but rounding error.
    least = max(1e-9 * float(size.max(initial=0.0)), 1e-30)
    phases = np.where(size > least, product / np.maximum(size, least), 0)
    y, x = (
        np.exp(-2 * (np.pi * frequency * _SMOOTHING_PX) ** 2).astype(np.float32)
        for frequency in _frequencies(image.shape)
    )
    return np.asarray(phases * y[:, None] * x, dtype=np.complex64)


def _frequencies(shape: tuple[int, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the frequencies along Y and, of a real image's half spectrum, along X."""
    return fft.fftfreq(shape[0]), fft.rfftfreq(shape[1])


def _windowed(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Subtract the mean and fade out the borders, as they would correlate; scale to within ±1."""
    y, x = (np.hanning(n + 2)[1:-1].astype(np.float32) for n in pixels.shape)
    centred = pixels - pixels.mean(dtype=np.float64)
    faded: NDArray[np.float64] = centred / max(float(np.abs(centred).max()), 1e-30)
    return (faded * y[:, None] * x).astype(np.float32)


def _peak_of(surface: NDArray[np.float32], reach: float) -> tuple[int, int] | None:
    """Return the place of the peak in whole pixels, None if it does not stand out."""
    half_y, half_x = (min(max(int(reach), 4 * _PEAK_PX), (n - 1) // 2) for n in surface.shape)
    near = np.take(surface, np.arange(-half_y, half_y + 1), axis=0, mode="wrap")
    near = np.take(near, np.arange(-half_x, half_x + 1), axis=1, mode="wrap")
    row, column = (int(i) for i in np.unravel_index(int(np.argmax(near)), near.shape))
    peak, y, x = float(near[row, column]), row - half_y, column - half_x
    top, left = max(0, row - _PEAK_PX), max(0, column - _PEAK_PX)
    near[top : row + _PEAK_PX + 1, left : column + _PEAK_PX + 1] = -np.inf
    step = sample_step(surface.size)
    some = surface[::step, ::step]
    middle = float(np.median(some))
    noise = 1.4826 * float(np.median(np.abs(some - middle)))
    least = max(_PEAK_TO_NOISE * noise, _PEAK_TO_SECOND * (float(near.max()) - middle))
    return (y, x) if peak - middle > least and max(abs(y), abs(x)) <= reach else None


def _in_common(
    image: NDArray[np.float32], reference: NDArray[np.float32], shift: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the part of each image that both show, if the image has moved by a shift."""
    here = tuple(slice(max(0, s), n + min(0, s)) for s, n in zip(shift, image.shape, strict=True))
    there = tuple(slice(max(0, -s), n - max(0, s)) for s, n in zip(shift, image.shape, strict=True))
    return image[here], reference[there]


def _refined(image: NDArray[np.float32], reference: NDArray[np.float32]) -> tuple[float, float]:
    """Return the peak near zero shift, by Fourier sums at the places around zero only."""
    spectrum = _cross_power(image, reference)
    # The missing half mirrors this one, except for its first column.
    spectrum[:, 1 : (image.shape[1] + 1) // 2] *= 2
    offsets = np.arange(-_UPSAMPLING, _UPSAMPLING + 1) / _UPSAMPLING
    low = [np.flatnonzero(np.abs(f) <= _HIGHEST) for f in _frequencies(image.shape)]
    y_waves, x_waves = (
        np.exp(2j * np.pi * np.outer(offsets, frequency[known])).astype(np.complex64)
        for frequency, known in zip(_frequencies(image.shape), low, strict=True)
    )
    # Not by @: for products this small, starting its threads takes longer than the product.
    along_y = np.einsum("iy,yx->ix", y_waves, spectrum[np.ix_(*low)])
    near = np.einsum("ix,jx->ij", along_y, x_waves).real
    y, x = np.unravel_index(int(np.argmax(near)), near.shape)
    return float(offsets[y]), float(offsets[x])
