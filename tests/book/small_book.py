"""A small book, built by Sphinx in seconds: what the site's extensions make of it."""

import io
import json
import pickle
import shutil
from pathlib import Path

import yaml
from bs4 import BeautifulSoup
from jupyter_book.config import get_final_config
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[2]

# The sections that a chapter ends with, apart from its claims.
ENDING = "\n\n".join(
    f"## {title}\n\nWords."
    for title in ("Pitfalls", "Live lab", "Exercises", "Quiz", "Summary", "References")
)
BIBLIOGRAPHY = """
@inproceedings{vgg,
  author = {Simonyan, Karen and Zisserman, Andrew}, title = {Very deep convolutional networks},
  booktitle = {ICLR}, year = {2015}, eprint = {1409.1556}, url = {https://arxiv.org/abs/1409.1556}
}
@inproceedings{resnet,
  author = {He, Kaiming and Zhang, Xiangyu and Ren, Shaoqing and Sun, Jian},
  title = {Deep residual learning}, booktitle = {CVPR}, year = {2016}, eprint = {1512.03385},
  url = {https://arxiv.org/abs/1512.03385}
}
@article{unread,
  author = {Nobody, A.}, title = {A paper that no chapter names}, journal = {J}, year = {2000},
  doi = {10.1000/182}, url = {https://doi.org/10.1000/182}
}
"""


def code(source, *tags, html=None, markdown=None):
    """A code cell that ran; with ``html`` or ``markdown`` it put that out."""
    data = {"text/html": html, "text/markdown": markdown}
    data = {kind: text for kind, text in data.items() if text is not None}
    outputs = [new_output("execute_result", data, execution_count=1)] if data else []
    metadata = {"tags": list(tags)}
    return new_code_cell(source, execution_count=1, outputs=outputs, metadata=metadata)


def notebook(*cells):
    """A stored chapter; a string is a Markdown cell."""
    cells = [new_markdown_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    return json.dumps(new_notebook(cells=cells, metadata={"language_info": {"name": "python"}}))


def opening(title="VGG", lead="Small filters, stacked.", rows="| Year | 2014 |"):
    """The first cell of a chapter."""
    return f"# {title}\n\n{lead}\n\n| At a glance | |\n|:--|:--|\n{rows}\n"


def claims(*rows, heading="What the notes say, checked"):
    """A section with a table of claims."""
    lines = ["| Claim | Evidence | Verdict |", "|:--|:--|:--|", *(f"| {row} |" for row in rows)]
    return f"## {heading}\n\n" + "\n".join(lines)


def chapter(*cells, claim="c | e | **true**", **first):
    """A whole chapter: its opening, these cells, one claim, and the sections at the end."""
    return notebook(opening(**first), *cells, claims(claim), ENDING)


PAGES = {
    "book/index.md": "# The book\n\nIts lead.\n\n```{hero}\n```\n\n```{timeline}\n```\n\n"
    "```{book-map}\n```\n",
    "book/claims.md": "# Claims\n\nPut to the test.\n\n```{claims}\n```\n",
    "book/glossary.md": "# Glossary\n\nWords.\n\n| Term | 中文 | Meaning | Chapter |\n"
    "|:--|:--|:--|:--|\n| block | 块 | layers | ResNet |\n| filter | 滤波器 | weights | VGG |\n"
    "| token | 词元 | a vector | ViT |\n",
    "book/bibliography.md": "# Bibliography\n\nPapers.\n\n"
    "```{bibliography}\n:all:\n:style: linked-titles\n```\n",
    "book/references.bib": BIBLIOGRAPHY,
    "chapters/vgg.ipynb": notebook(
        opening(
            "VGG: depth",
            rows="| Year | 2014 |\n| Paper | [Simonyan](https://arxiv.org/abs/1409.1556) |\n"
            "| ImageNet | 74.4 %, [Table 3](https://arxiv.org/abs/1409.1556v6) |",
        ),
        "> **Predict first.** How many?\n\n> **Pitfall: bias before BN.** It is cancelled.",
        code("# @title Set-up: imports\nimport torch", "hide-cell"),
        "## Why it mattered\n\nIt came second.\n\n## Fields of a stack\n\nThey add up.",
        code("# @title Where it is\nplot()", "hide-input", html="<figure>drawn</figure>"),
        code("shown()", html="<p>plain output</p>"),
        claims(
            "A stack sees | algebra: 5 and 5 (*Fields of a stack*) | **true**",
            "It costs less | paper: 25C² (Table 1); measured here: 18C² (*fields of a  stack*, "
            "*Exercise 1*) | **true, but** only if *C* stays",
            "It is new | [He](https://arxiv.org/abs/1512.03385), and [here](vgg.ipynb) | "
            "**myth**: see *1998*",
            "It is deep | 16 layers | **true**",
        ),
        "## Using it today\n\nLoad it.\n\n## Pitfalls\n\n## Live lab\n\n## Exercises\n\n"
        "### Exercise 1: Count (easy)\n\nCount.\n\n## Quiz\n\n## Summary\n\n## References\n\nNone.",
    ),
    "chapters/resnet.ipynb": chapter(
        "See [the paper](https://arxiv.org/pdf/1512.03385v1.pdf).",
        title="ResNet",
        lead="Add the input.",
        rows="| Year | 2015 |",
        claim="Shortcuts help | measured here: more | **true**",
    ),
}
CONTENTS = {
    "format": "jb-book",
    "root": "book/index",
    "parts": [
        {"caption": "Classic networks", "chapters": [{"file": "chapters/vgg"}]},
        {"caption": "Skip connections", "chapters": [{"file": "chapters/resnet"}]},
        {
            "caption": "Reference",
            "chapters": [
                {"file": f"book/{name}"} for name in ("claims", "glossary", "bibliography")
            ],
        },
    ],
}


def long_book():
    """Pages and contents of a book that has every chapter of the outline, all of them short."""
    from outline import OUTLINE

    lead = "What the network before it could not do, and what one idea changes about that."
    pages = {name: text for name, text in PAGES.items() if not name.startswith("chapters/")}
    for number, name in enumerate(name for names in OUTLINE.values() for name in names):
        title = f"{name.replace('_', ' ').capitalize()}: what it is about"
        pages[f"chapters/{name}.ipynb"] = chapter(
            title=title, lead=lead, rows=f"| Year | {1990 + number} |"
        )
    parts = [
        {"caption": caption, "chapters": [{"file": f"chapters/{name}"} for name in names]}
        for caption, names in OUTLINE.items()
    ]
    return pages, {**CONTENTS, "parts": [*parts, CONTENTS["parts"][-1]]}


class SmallBook:
    """The small book, built; and a page of it that can be read anew from other sources."""

    def __init__(self, folder, pages=PAGES, contents=CONTENTS, assets=None):
        self.source, self.out, self.said = folder / "source", folder / "html", io.StringIO()
        for name, text in pages.items():
            self.write(name, text)
        self.write("_toc.yml", yaml.safe_dump(contents))
        if assets is None:
            (self.source / "book" / "assets").mkdir()
        else:
            shutil.copytree(assets, self.source / "book" / "assets")
        self.app = Sphinx(
            self.source,
            None,
            self.out,
            folder / "doctrees",
            "html",
            confoverrides=self.configuration(),
            status=None,
            warning=self.said,
        )
        self.app.build()
        self.warnings = self.said.getvalue()

    @staticmethod
    def configuration():
        """The book's own, less the formulas, which need node and a package of the npm registry."""
        config, _ = get_final_config(
            user_yaml=ROOT / "_config.yml", cli_config={"latex_individualpages": False}
        )
        config["extensions"] = [name for name in config["extensions"] if name != "katex_math"]
        config["templates_path"] = [str(ROOT / "book" / "templates")]
        for name in ("html_math_renderer", "html_logo", "html_favicon"):
            config.pop(name)
        config["external_toc_path"] = "_toc.yml"
        return config

    def write(self, name, text):
        path = self.source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def page(self, name):
        """A page of the site."""
        text = (self.out / f"{name}.html").read_text(encoding="utf-8")
        return BeautifulSoup(text, "html.parser")

    def read(self, name, text):
        """Read a page from another source: its doctree, and what was said against it."""
        suffix = ".ipynb" if name.startswith("chapters/") else ".md"
        self.write(name + suffix, text)
        self.said.seek(0)
        self.said.truncate()
        self.app.env.prepare_settings(name)
        self.app.builder.read_doc(name)
        stored = (Path(self.app.doctreedir) / f"{name}.doctree").read_bytes()
        return pickle.loads(stored), self.said.getvalue()
