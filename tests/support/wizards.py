"""The Python side of the wizard as the browser meets it: what is sent, and what it says then. No browser."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from cave_setup.notebook.widget import Wizard


def wait_until(wizard: Wizard, condition: Callable[[dict[str, Any]], bool], seconds: float = 10.0) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        state: dict[str, Any] = wizard.state
        if condition(state):
            return state
        time.sleep(0.01)
    raise AssertionError(f"still: {json.dumps(wizard.state, indent=1)[:3000]}")


def send(wizard: Wizard, secret: str | bytes | None = None, **message: Any) -> None:
    """Send what the browser would send: what may be a token beside the message."""
    message = {"at": wizard.state["where"]["server"], **message}
    raw = secret.encode() if isinstance(secret, str) else secret
    wizard._handle_custom_msg(message, [] if raw is None else [memoryview(raw)])


def focused(key: str) -> Callable[[dict[str, Any]], bool]:
    return lambda state: state["focus"] == key and not state["busy"]
