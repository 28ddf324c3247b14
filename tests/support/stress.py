"""Whether tests have all the time in the world (`make stress`)."""

from __future__ import annotations

import os

STRESS = bool(os.environ.get("CAVE_SETUP_STRESS"))
