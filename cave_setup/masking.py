"""What looks like a token in texts of nobody to trust: found, and masked. Knows nothing of real ones."""

from __future__ import annotations

import re

_LIKE_TOKENS = re.compile(r"[0-9a-fA-F]{32,}")


def holds_a_token(text: str) -> bool:
    """Whether something in the text looks like a token."""
    return _LIKE_TOKENS.search(text) is not None


def tokens_masked(text: str) -> str:
    """Give the text with everything masked that looks like a token."""
    return _LIKE_TOKENS.sub(lambda found: f"····{found[0][-4:]}", text)
