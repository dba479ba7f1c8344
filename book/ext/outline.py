"""The outline of the book: every chapter that is written or planned, part by part.

`_toc.yml` lists the chapters that are written. The timeline, the glossary and the contents may name
any chapter of the outline; another name is a slip of the pen, and a warning.
"""

from __future__ import annotations

OUTLINE = {
    "Foundations": (
        "convolution",
        "receptive_field",
        "grouped_convolution",
        "activations",
        "batch_norm",
        "normalization",
        "training",
        "checkpoints",
    ),
    "Classic networks": (
        "lenet",
        "alexnet",
        "vgg",
        "nin",
        "googlenet",
        "inception",
        "inception_v4",
    ),
    "Skip connections": (
        "resnet",
        "resnet_variants",
        "resnext",
        "senet",
        "densenet",
        "vovnet",
    ),
    "Efficient networks": (
        "mobilenet_v1",
        "mobilenet_v2",
        "mobilenet_v3",
        "shufflenet",
        "ghostnet",
        "efficientnet",
        "regnet",
    ),
    "Attention": (
        "self_attention",
        "transformer",
        "vit",
        "hybrid_vit",
    ),
    "Practice": (
        "transfer_learning",
        "detection_metrics",
        "comparison",
        "scaling_out",
    ),
}


def is_chapter(docname: str) -> bool:
    """Whether a page is a chapter: chapters/vgg is one, book/index is not."""
    return docname.startswith("chapters/")


def planned(chapter: str) -> bool:
    """Whether the outline has a chapter of this file name."""
    return any(chapter in chapters for chapters in OUTLINE.values())


def disorder(contents: list[tuple[str, list[str]]]) -> list[str]:
    """What is not as the outline has it in a table of contents, a sentence each.

    Args:
        contents: Captions of parts, and the names of their pages.
    """
    found, order = [], [name for chapters in OUTLINE.values() for name in chapters]
    written = []
    for caption, pages in contents:
        for page in filter(is_chapter, pages):
            name = page.removeprefix("chapters/")
            if name in OUTLINE.get(caption, ()):
                written.append(name)
            else:
                found.append(f"The outline of the book has no chapter {name!r} in {caption!r}")
    if written != sorted(written, key=order.index):
        found.append(f"The chapters {written} stand in another order than in the outline")
    return found
