"""SVG elements as text: escaped, rounded, with a title and a description for those who do not see them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

#: Characters that XML does not allow, even escaped.
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
ACCENT, INK, MUTED, GRID = "#00695c", "#1c2b2a", "#566461", "#d5dddb"
#: The mean width of a character as a part of the font size; generous, so that labels keep clear of each other.
_CHARACTER = 0.58
SIZE = 12
#: A white edge that keeps a label legible where a line passes behind it.
HALO: dict[str, str | float] = {"stroke": "#fff", "stroke_width": 3, "paint_order": "stroke"}


class Svg(str):
    """A finished drawing; templates insert it as it is."""

    __slots__ = ()

    def __html__(self) -> str:
        """Itself: all text in it has been escaped where it was drawn."""
        return str(self)


@dataclass(frozen=True)
class Box:
    """A rectangle that a label takes up."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Whether two rectangles overlap."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def inside(self, width: float, height: float) -> bool:
        """Whether it lies inside a drawing of this size."""
        return self.left >= 0 and self.top >= 0 and self.right <= width and self.bottom <= height


def text_width(text: str, size: float = SIZE) -> float:
    """About how wide a text will be."""
    return len(text) * size * _CHARACTER


def shortened(text: str, room: float, size: float = SIZE) -> str:
    """The text, cut with an ellipsis where it is wider than the room."""
    fits = int(room / (size * _CHARACTER))
    return text if len(text) <= fits else text[: max(fits - 1, 1)].rstrip() + "\N{HORIZONTAL ELLIPSIS}"


def element(tag: str, content: str = "", /, **attributes: str | float) -> str:
    """One element; underscores in attribute names stand for hyphens."""
    written = "".join(
        f" {name.rstrip('_').replace('_', '-')}={quoteattr(_clean(value))}" for name, value in attributes.items()
    )
    return f"<{tag}{written}>{content}</{tag}>" if content else f"<{tag}{written}/>"


def text(x: float, y: float, words: str, **attributes: str | float) -> str:
    """A text, escaped."""
    written: dict[str, str | float] = {"x": x, "y": y, "font_size": SIZE, "fill": INK, **attributes}
    return element("text", escape(_clean(words)), **written)


def line(x1: float, y1: float, x2: float, y2: float, **attributes: str | float) -> str:
    """A straight line."""
    written: dict[str, str | float] = {"x1": x1, "y1": y1, "x2": x2, "y2": y2, "stroke": INK, **attributes}
    return element("line", **written)


def circle(x: float, y: float, radius: float = 5, *, hollow: bool = False) -> str:
    """A dot, filled or hollow."""
    fill = "#fff" if hollow else ACCENT
    return element("circle", cx=x, cy=y, r=radius, fill=fill, stroke=ACCENT, stroke_width=2)


def square(x: float, y: float, half: float = 5, *, hollow: bool = False) -> str:
    """A square, filled or hollow."""
    fill = "#fff" if hollow else INK
    return element(
        "rect", x=x - half, y=y - half, width=2 * half, height=2 * half, fill=fill, stroke=INK, stroke_width=2
    )


def diamond(x: float, y: float, half: float = 8) -> str:
    """A hollow diamond, wide enough to be seen around a dot."""
    corners = ((x - half, y), (x, y - half), (x + half, y), (x, y + half))
    points = " ".join(f"{_clean(across)},{_clean(down)}" for across, down in corners)
    return element("polygon", points=points, fill="none", stroke=INK, stroke_width=2)


def drawing(width: float, height: float, parts: Iterable[str], *, name: str, says: str, kind: str) -> str:
    """A whole drawing with its title and description; ``kind`` is ``wide`` or ``narrow``."""
    told = element("title", escape(_clean(name))) + element("desc", escape(_clean(says)))
    size = f"0 0 {_clean(width)} {_clean(height)}"
    attributes = {"class_": f"chart {kind}", "role": "img", "viewBox": size, "font_family": "system-ui, sans-serif"}
    return element("svg", told + "".join(parts), xmlns="http://www.w3.org/2000/svg", **attributes)


def _clean(value: str | float) -> str:
    if isinstance(value, str):
        return _FORBIDDEN.sub("", value)
    return f"{value:.1f}".removesuffix(".0")
