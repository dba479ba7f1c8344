"""Code shown in a chapter is the code that runs."""

import inspect

import pytest

from backbones import arithmetic
from backbones.models.resnet import BasicBlock, shortcut
from backbones.source import Source


def test_code_is_the_package_s_own():
    shown = Source(shortcut, BasicBlock)
    page = shown._repr_markdown_()
    assert page.startswith("```python\n# backbones.models.resnet\n")
    assert inspect.getsource(shortcut).strip() in page
    assert inspect.getsource(BasicBlock).strip() in page
    assert repr(shown) == "Source(shortcut, BasicBlock)"


def test_modules_are_shown_whole():
    assert "def conv_output_size" in Source(arithmetic).code


def test_what_has_no_python_source_is_refused():
    with pytest.raises(TypeError):
        Source(len)
