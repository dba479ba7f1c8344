"""Small Vision Transformers: of DeiT, Touvron et al., arXiv:2012.12877, and smaller.

``vit_tiny_patch16_224`` is the Ti of DeiT's Table 1, without its distillation token.
``vit_micro_patch4_32`` is this book's own: for images of 32 pixels, small enough to be trained on a
processor in a minute.
"""

from backbones.models.vit import Size, VisionTransformer

# Size, patch size, image size.
CONFIGS = {
    "vit_tiny_patch16_224": (Size(12, 192, 3), 16, 224),
    "vit_micro_patch4_32": (Size(4, 64, 4), 4, 32),
}


def vit_tiny_patch16_224(num_classes: int = 1000, in_channels: int = 3) -> VisionTransformer:
    """A quarter of Base's width: 14 x 14 patches of 16 x 16 pixels."""
    size, patch_size, image_size = CONFIGS["vit_tiny_patch16_224"]
    return VisionTransformer(size, patch_size, num_classes, in_channels, image_size)


def vit_micro_patch4_32(
    num_classes: int = 10, in_channels: int = 3, image_size: int = 32
) -> VisionTransformer:
    """4 blocks of width 64: 8 x 8 patches of 4 x 4 pixels."""
    size, patch_size, _ = CONFIGS["vit_micro_patch4_32"]
    return VisionTransformer(size, patch_size, num_classes, in_channels, image_size)
