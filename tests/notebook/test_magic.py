"""The magic, in a real IPython shell."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import ipywidgets
import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cave_setup.demo import DemoServer


@pytest.fixture
def shell(home: Path) -> Iterator[InteractiveShell]:
    made = InteractiveShell.instance()
    made.run_line_magic("load_ext", "cave_setup")
    yield made
    ipywidgets.Widget.close_all()


def test_status_is_text_and_html(shell: InteractiveShell, demo: DemoServer) -> None:
    with capture_output() as captured:
        shell.run_line_magic("cave_setup", f"status --server {demo.address}")
    [output] = captured.outputs
    assert "no token for 127.0.0.1" in output.data["text/plain"]
    assert "no token for 127.0.0.1" in output.data["text/html"]


def test_the_wizard_is_shown_where_there_is_a_kernel(
    shell: InteractiveShell, demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shell, "kernel", object(), raising=False)
    with capture_output() as captured:
        shell.run_line_magic("cave_setup", f"--server {demo.address} --datastack open_sandbox")
    above, wizard = captured.outputs
    assert "application/vnd.jupyter.widget-view+json" in wizard.data
    assert "--text" in above.data["text/html"]  # for where nothing draws the wizard


def test_what_cannot_be_set_up_leaves_nothing_in_the_cell(
    shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shell, "kernel", object(), raising=False)
    with capture_output() as captured, pytest.raises(UsageError):
        shell.run_line_magic("cave_setup", "--server ftp://nowhere")
    frame, gone = captured.outputs
    assert "cave-setup-begins" in frame.data["text/html"]
    assert gone.data == {"text/html": ""}


def test_the_frame_waits_for_nothing_but_words(home: Path) -> None:
    code = (
        "import sys; from cave_setup import magic; from cave_setup.notebook import beginning\n"
        "assert beginning.instead()\n"
        "loaded = {'cave_setup.models', 'cave_setup.actions', 'ipywidgets', 'anywidget'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_in_a_terminal_it_says_at_once_where_to_go(shell: InteractiveShell, demo: DemoServer) -> None:
    with capture_output() as captured:
        shell.run_line_magic("cave_setup", f"--server {demo.address}")
    [output] = captured.outputs
    assert list(output.data) == ["text/plain"]
    assert "JupyterLab" in output.data["text/plain"]
    assert "%cave_setup --text" in output.data["text/plain"]
    assert "cave-setup login" in output.data["text/plain"]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("--server minnie65_public", "name of a datastack"),
        ("--nonsense", "unrecognized"),
        ("minnie65_public", "goes after --datastack"),
        ("0123456789abcdef0123456789abcdef", "never typed into a cell"),
        ("status --datstack 0123456789abcdef0123456789abcdef", "never typed into a cell"),
    ],
)
def test_wrong_usage_is_one_sentence(shell: InteractiveShell, line: str, sentence: str) -> None:
    with capture_output() as captured:
        result = shell.run_cell(f"%cave_setup {line}")
    assert sentence in str(result.error_in_exec) + captured.stderr
    assert "Traceback" not in captured.stdout + captured.stderr
    assert "0123456789abcdef" not in str(result.error_in_exec) + captured.stderr


def test_the_guide_is_text(shell: InteractiveShell, demo: DemoServer) -> None:
    with capture_output() as captured:
        shell.run_line_magic("cave_setup", f"guide --server {demo.address} --environment binder")
    assert "Binder: Set up for this session only" in captured.stdout


def test_the_status_of_a_server_that_is_down_says_what_to_do_and_not_that_it_answered(
    shell: InteractiveShell, demo: DemoServer
) -> None:
    demo.weather.set("error-502")
    with capture_output() as captured:
        shell.run_line_magic("cave_setup", f"status --server {demo.address}")
    [output] = captured.outputs
    assert "is in trouble (it answered 502)" in output.data["text/html"]
    assert "check again in a few minutes" in output.data["text/html"]
    assert "as the server answered" not in output.data["text/html"]


@pytest.mark.parametrize("what", ["", "status"])
def test_without_a_home_folder_it_is_said_what_to_do(
    shell: InteractiveShell, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "~")
    with pytest.raises(UsageError, match="Set HOME"):
        shell.run_line_magic("cave_setup", what)


def test_a_token_is_no_argument(shell: InteractiveShell) -> None:
    usage = shell.find_line_magic("cave_setup").__doc__
    assert "--server" in usage
    assert "--token" not in usage


def test_loading_the_extension_loads_nothing_heavy(home: Path) -> None:
    heavy = ("requests", "ipywidgets", "anywidget", "tornado", "caveclient", "filelock")
    code = (
        "import sys, cave_setup; names = set(sys.modules)\n"
        f"assert not names & {{*{heavy}, 'IPython'}}, names\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "before = set(sys.modules); cave_setup.load_ipython_extension(InteractiveShell.instance())\n"
        f"added = set(sys.modules) - before; assert not added & {{*{heavy}}}, added\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_the_first_picture_waits_for_no_library_that_it_does_not_need(home: Path) -> None:
    heavy = ("requests", "urllib3", "filelock", "http.server", "yaml", "markdown_it")
    code = (
        "import sys; from cave_setup.notebook import widget, worker\n"
        "worker.Worker.submit = lambda *arguments, **options: None  # what comes after it\n"
        "assert widget.Wizard().state['steps']\n"
        f"loaded = {{*{heavy}}} & set(sys.modules); assert not loaded, loaded\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
