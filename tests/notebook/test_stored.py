"""The notebooks as they are stored: short, without outputs, and the same that travels inside the package."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from cave_setup.terminal.demo import NOTEBOOK, TOUR, notebook_source

STORED = Path(__file__).parents[2] / "notebooks"


@pytest.mark.parametrize("name", [NOTEBOOK, TOUR])
def test_they_are_stored_without_outputs_and_counts(name: str) -> None:
    notebook = nbformat.read(STORED / name, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    assert {(len(cell.outputs), cell.execution_count) for cell in code} == {(0, None)}
    assert all(len(cell.source.splitlines()) <= 3 for cell in code)


def test_the_wizard_is_one_cell() -> None:
    notebook = nbformat.read(STORED / NOTEBOOK, as_version=4)
    [code] = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert code == "import cave_setup\n\ncave_setup.wizard()"


@pytest.mark.parametrize("name", [NOTEBOOK, TOUR])
def test_the_demo_takes_these_very_notebooks(name: str) -> None:
    assert notebook_source(name).read_bytes() == (STORED / name).read_bytes()
