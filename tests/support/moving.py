"""A moving picture of a person at the screen, put together from still ones: what is seen, and for how long."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page

_SHADE = 70  # of 255, over the page while a window is in front of it
_COLOURS = 128
_POINTER = [(0, 0), (0, 17), (4, 13), (7, 20), (10, 19), (7, 12), (13, 12)]


@dataclass
class Frame:
    """One picture and how many milliseconds it stands."""

    image: Image.Image
    milliseconds: int


class MovingPicture:
    """Takes pictures of a page, and of a window in front of it.

    Parameters
    ----------
    page : Page
        Its viewport is the size of the picture.
    """

    def __init__(self, page: Page) -> None:
        self._page = page
        self._frames: list[Frame] = []

    def take(self, milliseconds: int, at: Locator | None = None, window: Page | None = None) -> None:
        """Take a picture; with the pointer in the middle of something, in the page or in the window."""
        # A picture is taken of the page that is in front.
        self._page.bring_to_front()
        image = _picture(self._page)
        corner = (0, 0)
        if window is not None:
            front = _picture(window)
            image = Image.blend(image, Image.new("RGB", image.size), _SHADE / 255)
            corner = ((image.width - front.width) // 2, (image.height - front.height) // 2)
            frame = (corner[0] - 1, corner[1] - 1, corner[0] + front.width, corner[1] + front.height)
            image.paste(front, corner)
            ImageDraw.Draw(image).rectangle(frame, outline=(120, 120, 120))
        box = at.bounding_box() if at is not None else None
        if box:
            x = corner[0] + box["x"] + min(box["width"] / 2, 60)
            y = corner[1] + box["y"] + box["height"] / 2
            shape = [(x + dx, y + dy) for dx, dy in _POINTER]
            ImageDraw.Draw(image).polygon(shape, fill=(20, 20, 20), outline=(255, 255, 255))
        self._frames.append(Frame(image, milliseconds))

    def write(self, file: Path) -> None:
        """Write it as an APNG that begins anew without end; all frames in the same few colours."""
        images = [frame.image for frame in self._frames]
        strip = Image.new("RGB", (images[0].width, images[0].height * len(images)))
        for number, image in enumerate(images):
            strip.paste(image, (0, number * image.height))
        palette = strip.quantize(_COLOURS, dither=Image.Dither.NONE)
        few = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
        few[0].save(
            file,
            save_all=True,
            append_images=few[1:],
            duration=[frame.milliseconds for frame in self._frames],
            loop=0,
            optimize=True,
        )

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return sum(frame.milliseconds for frame in self._frames) / 1000


def _picture(page: Page) -> Image.Image:
    return Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide"))).convert("RGB")
