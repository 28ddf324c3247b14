"""The notebook as it is stored: short, without outputs, and the same that travels inside the package."""

from __future__ import annotations

from pathlib import Path

import nbformat

from cave_setup.terminal.demo import NOTEBOOK, notebook_source

STORED = Path(__file__).parents[2] / "notebooks" / NOTEBOOK


def test_it_is_stored_without_outputs_and_counts() -> None:
    notebook = nbformat.read(STORED, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [(cell.outputs, cell.execution_count) for cell in code] == [([], None)]
    assert code[0].source == "import cave_setup\n\ncave_setup.wizard()"


def test_the_demo_opens_this_very_notebook() -> None:
    assert notebook_source().read_bytes() == STORED.read_bytes()
