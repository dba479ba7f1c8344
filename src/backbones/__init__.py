"""Backbones: the code of a book on image backbones, from LeNet to the Vision Transformer."""

from backbones.models import create_model, list_models

__all__ = ["create_model", "list_models"]
__version__ = "0.1.0"
