"""The package's own code, shown in a chapter from where it stands."""

import inspect


class Source:
    """Source code that shows itself highlighted, as Markdown, in a notebook.

    Args:
        *objects: Functions, classes or modules; their code appears in this order.

    Raises:
        TypeError: If an object has no Python source.
    """

    def __init__(self, *objects: object) -> None:
        self.names = [getattr(thing, "__qualname__", thing.__name__) for thing in objects]
        self.module = inspect.getmodule(objects[0]).__name__
        self.code = "\n\n".join(inspect.getsource(thing).rstrip() for thing in objects)

    def __repr__(self) -> str:
        return f"Source({', '.join(self.names)})"

    def _repr_markdown_(self) -> str:
        return f"```python\n# {self.module}\n\n{self.code}\n```"
