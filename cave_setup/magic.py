"""The ``%cave_setup`` line magic. Nothing else: what it shows is the wizard, or the status as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

from cave_setup import words
from cave_setup.errors import SetupError

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


@magics_class
class CaveSetupMagics(Magics):
    """Holds the magic."""

    @no_var_expand
    @magic_arguments()
    @argument("what", nargs="?", default="wizard", help="“status” for the findings only; nothing for the wizard")
    @argument("--server", help="CAVE server, for example https://global.daf-apis.com")
    @argument("--datastack", help="datastack that shall be readable, for example minnie65_public")
    @argument("--environment", help="where this is, if it was not recognised: local, colab, jupyterhub, hpc …")
    @line_magic
    def cave_setup(self, line: str) -> None:
        """Set this computer up for CAVE. A token is never an argument: the wizard takes it without storing it."""
        from IPython.display import display  # noqa: PLC0415 - nothing is loaded before the magic is used

        arguments = parse_argstring(self.cave_setup, line)
        if arguments.what not in {"wizard", "status"}:
            raise UsageError(words.NO_TOKEN_HERE)  # whatever it was, it is not repeated
        try:
            shown = self._status(arguments) if arguments.what == "status" else self._wizard(arguments)
        except SetupError as error:
            raise UsageError(str(error)) from None
        if isinstance(shown, dict):
            display(shown, raw=True)
        else:
            display(shown)

    def _wizard(self, arguments: Any) -> Any:  # noqa: ANN401 - argparse has no better type
        from cave_setup.notebook.widget import Wizard  # noqa: PLC0415 - ipywidgets is loaded only for this

        return Wizard(arguments.server, arguments.datastack, environment=arguments.environment)

    def _status(self, arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - argparse has no better type
        from cave_setup.actions import Setup  # noqa: PLC0415 - requests is loaded only for this
        from cave_setup.notebook.static import summary  # noqa: PLC0415

        return summary(Setup(arguments.server, arguments.datastack, environment=arguments.environment).check())


def register(shell: InteractiveShell) -> None:
    """Make the magic known to the shell."""
    shell.register_magics(CaveSetupMagics)
