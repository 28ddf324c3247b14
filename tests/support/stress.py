"""Whether what takes too long for every change is tested, too: `make stress` asks for it."""

from __future__ import annotations

import os

STRESS = bool(os.environ.get("CAVE_SETUP_STRESS"))
