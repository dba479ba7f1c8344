"""Matplotlib's SVG made small, free of side effects on a page, and of the page's colours."""

import itertools
import re
import zlib
from xml.etree import ElementTree

from backbones.plots.style import CSS

_THIN = 1  # pixels; a thinner line is drawn to whole pixels, a thicker one to tenths


def for_page(source: str) -> str:
    """What matplotlib wrote, as one SVG element for any page."""
    root = ElementTree.fromstring(source)
    width, height = root.get("viewBox").split()[2:]
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.text = (element.text or "").strip() or None
        element.tail = (element.tail or "").strip() or None
        thin = re.search(r"stroke-width: ?(0?\.\d+)", element.get("style", ""))
        for name in list(element.attrib):
            value = element.attrib.pop(name)
            if name == "d":
                value = _outline(value, 1 if thin and float(thin[1]) < _THIN else 10)
            element.set(name.rpartition("}")[2], _attribute(element.tag, name, value))
    _prune(root)
    _join(root)
    _gather(root)
    root.attrib.clear()
    root.attrib.update(
        {
            "viewBox": f"0 0 {_short(width)} {_short(height)}",
            "width": _short(width),
            "height": _short(height),
            # what matplotlib leaves out as default, or sets by a style sheet for the whole page
            "fill": "currentColor",
            "stroke-linejoin": "round",
        }
    )
    return _own_ids(ElementTree.tostring(root, encoding="unicode").replace(" />", "/>"))


def _attribute(tag: str, name: str, value: str) -> str:
    if name == "style":
        # The page's font in place of the one that matplotlib measured. Older versions write the
        # short form, "font: bold 13px 'DejaVu Sans'".
        value = re.sub(r"font: (?:(\w+) )?([\d.]+px) [^;]*", _font, value)
        value = re.sub(r"font-family: [^;]*;?", "", value)
        value = re.sub(r"#[0-9a-f]{6}", lambda hexa: CSS.get(hexa[0], hexa[0]), value)
        value = re.sub(r"\s*([:;])\s*", r"\1", value)
        value = value.replace("text-anchor:start", "")
        if tag == "image":
            value = f"{value};image-rendering:pixelated".lstrip(";")
    digits = 1 if tag == "text" else 4 if name == "transform" and tag == "image" else 2
    if name in ("x", "y", "width", "height", "transform", "points", "style"):
        value = re.sub(r"-?\d+\.\d+", lambda number: _short(number[0], digits), value)
    return value.strip(" ;")


def _outline(value: str, parts: int) -> str:
    """A path in few letters: lines of straight pieces in steps of so many parts of a pixel."""
    pieces = re.findall(r"([A-Za-z])([^A-Za-z]*)", value)
    if any(letter not in "MLz" for letter, _ in pieces):
        value = re.sub(r"-?\d+\.\d+", lambda number: _short(number[0]), value)
        return re.sub(r"\s*([A-Za-z])\s*", r"\1", value.strip())

    def short(number: int) -> str:
        return re.sub(r"^(-?)0\.", r"\1.", f"{number / parts:g}")

    written, x, y, steps = "", 0, 0, False
    for letter, numbers in pieces:
        if letter == "z":
            written, steps = f"{written}z", False
            continue
        new_x, new_y = (round(parts * float(number)) for number in numbers.split())
        if letter == "M":
            written, steps = f"{written}M{short(new_x)} {short(new_y)}", False
        elif (new_x, new_y) != (x, y):
            step = f"{short(new_x - x)} {short(new_y - y)}"
            written, steps = written + (" " if steps else "l") + step, True
        x, y = new_x, new_y
    return written.replace(" -", "-")


def _font(match: re.Match) -> str:
    weight = f"font-weight:{match[1]};" if match[1] else ""
    return f"{weight}font-size:{match[2]}"


def _short(number: str, digits: int = 2) -> str:
    text = f"{float(number):.{digits}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _prune(element: ElementTree.Element) -> None:
    """Drop what nobody sees, and groups that do nothing; say what marks share only once."""
    for child in list(element):
        _prune(child)
        if child.tag == "text" and child.get("transform", "").startswith("rotate(-0 "):
            del child.attrib["transform"]
        if child.tag == "g":
            name = child.attrib.pop("id", "")
            if name.startswith("part-"):
                # what lights up together, by the style that `Picture` brings
                child.set("data-part", name.removeprefix("part-"))
                child.set("pointer-events", "stroke")
            shared = {(mark.tag, mark.get("style")) for mark in child}
            if len(shared) == 1 and len(child) > 1 and "style" not in child.attrib:
                _, style = shared.pop()
                # the opacity of a group is that of the whole, not of each mark
                if style and not re.search(r"(^|;)opacity", style):
                    child.set("style", style)
                    for mark in child:
                        del mark.attrib["style"]
        empty = child.tag in ("g", "defs") and not len(child)
        blank = child.tag == "path" and (child.get("style") == "fill:none" or not child.get("d"))
        if child.tag in ("metadata", "style", "title") or empty or blank:
            element.remove(child)
        elif child.tag == "g" and not child.attrib:
            place = list(element).index(child)
            element.remove(child)
            for offset, grandchild in enumerate(child):
                element.insert(place + offset, grandchild)


def _join(element: ElementTree.Element) -> None:
    """One group for neighbours that light up together, one path for lines of the same look."""
    for child in list(element):
        before = list(element)[: list(element).index(child)]
        if child.tag == "g" and before and before[-1].attrib == child.attrib:
            before[-1].extend(child)
            element.remove(child)
        # words between two lines, such as those of ticks, may come before both
        drawn = [one for one in before if one.tag != "text"]
        if child.tag == "path" and drawn and drawn[-1].tag == "path":
            look, same = ({**one.attrib, "d": ""} for one in (drawn[-1], child))
            if look == same and "stroke:none" not in child.get("style", "x"):
                drawn[-1].set("d", drawn[-1].get("d") + child.get("d"))
                element.remove(child)
    for child in element:
        _join(child)


def _gather(element: ElementTree.Element) -> None:
    """One group for words of the same look that follow each other."""
    rows = itertools.groupby(list(element), lambda one: (one.tag, one.get("style")))
    for (tag, style), words in rows:
        words = list(words)
        if tag != "text" or not style or len(words) < 3:
            continue
        group = ElementTree.Element("g", {"style": style})
        element.insert(list(element).index(words[0]), group)
        for one in words:
            element.remove(one)
            del one.attrib["style"]
            group.append(one)


def _own_ids(svg: str) -> str:
    """Give ids that no other plot on the page has, and drop those that nothing refers to."""
    used = list(dict.fromkeys(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg)))
    checksum = f"{zlib.crc32(svg.encode()):08x}"
    short = {name: f"bb{checksum}-{index}" for index, name in enumerate(used)}

    def renamed(match: re.Match) -> str:
        return f' id="{short[match[1]]}"' if match[1] in short else ""

    svg = re.sub(r' id="([^"]+)"', renamed, svg)
    return re.sub(r'(url\(#|href="#)([^)"]+)', lambda match: match[1] + short[match[2]], svg)
