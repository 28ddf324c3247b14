"""``python -m cave_setup`` and the command ``cave-setup``."""

import sys

from cave_setup.terminal.main import main

if __name__ == "__main__":
    sys.exit(main())
