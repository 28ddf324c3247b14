"""The ``%cave_setup`` line magic. Nothing else: it shows the wizard or its questions, the status or the guide."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

from cave_setup import words
from cave_setup.errors import SetupError
from cave_setup.masking import holds_a_token

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


@magics_class
class CaveSetupMagics(Magics):
    """Holds the magic."""

    @no_var_expand
    @magic_arguments()
    @argument(
        "what",
        nargs="?",
        default="wizard",
        help="“status” for the findings only, “guide” for how the token is kept here; nothing for the wizard",
    )
    @argument("--text", action="store_true", help="by questions in the cell, where the wizard cannot be drawn")
    @argument("--server", help="CAVE server, for example https://global.daf-apis.com")
    @argument("--datastack", help="datastack that shall be readable, for example minnie65_public")
    @argument("--environment", help="where this is, if it was not recognised: local, colab, jupyterhub, hpc …")
    @line_magic
    def cave_setup(self, line: str) -> None:
        """Set this computer up for CAVE. A token is never an argument: the wizard takes it without storing it."""
        if holds_a_token(line):
            raise UsageError(words.NO_TOKEN_HERE)  # it is not repeated, as the parser would do
        arguments = parse_argstring(self.cave_setup, line)
        wizard = _ask_in_cell if arguments.text else _show_wizard
        show = {"wizard": wizard, "status": _show_status, "guide": _show_guide}.get(arguments.what)
        if show is None:
            raise UsageError(words.ARGUMENTS_HERE)
        try:
            show(arguments.server, arguments.datastack, environment=arguments.environment)
        except SetupError as error:
            raise UsageError(str(error)) from None
        except KeyboardInterrupt:
            raise UsageError(words.STOPPED) from None


# Nothing is loaded before the magic is used, and then only what is needed.


def _show_wizard(*where: str | None, environment: str | None) -> None:
    from cave_setup.notebook.beginning import NOTHING, begin  # noqa: PLC0415

    begun = begin()  # is drawn while the rest is loaded
    try:
        from cave_setup.notebook.widget import Wizard  # noqa: PLC0415

        wizard = Wizard(*where, environment=environment)
    except BaseException:
        if begun is not None:
            begun.update(NOTHING, raw=True)
        raise
    wizard.show(begun)


def _ask_in_cell(*where: str | None, environment: str | None) -> None:
    from IPython.core.getipython import get_ipython  # noqa: PLC0415
    from IPython.display import display  # noqa: PLC0415

    from cave_setup.actions import Setup  # noqa: PLC0415
    from cave_setup.notebook.static import summary  # noqa: PLC0415
    from cave_setup.terminal.in_a_cell import ask  # noqa: PLC0415

    with contextlib.closing(Setup(*where, environment=environment)) as setup:
        display(summary(ask(setup, getattr(get_ipython(), "kernel", None))), raw=True)


def _show_status(*where: str | None, environment: str | None) -> None:
    from IPython.display import display  # noqa: PLC0415

    from cave_setup.actions import Setup  # noqa: PLC0415
    from cave_setup.notebook.static import summary  # noqa: PLC0415

    display(summary(Setup(*where, environment=environment).check()), raw=True)


def _show_guide(*where: str | None, environment: str | None) -> None:
    from cave_setup.actions import Setup  # noqa: PLC0415
    from cave_setup.terminal.guide import guide  # noqa: PLC0415

    guide(Setup(*where, environment=environment))


def register(shell: InteractiveShell) -> None:
    """Make the magic known to the shell."""
    shell.register_magics(CaveSetupMagics)
