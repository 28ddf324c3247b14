"""Keeps tokens out of logs: masks them in text, and in what the HTTP library logs about broken requests."""

from __future__ import annotations

import logging
import re

_TOKEN = re.compile(r"(?i)(?<![0-9a-f])[0-9a-f]{28}(?=[0-9a-f]{4}(?![0-9a-f]))")


def without_tokens(text: str) -> str:
    """Return the text with all but the last four characters of each token masked."""
    return _TOKEN.sub("····", text)


class ScrubFilter(logging.Filter):
    """Masks tokens in log records; tornado quotes header lines that it cannot parse."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record's message; let it through."""
        record.msg, record.args = without_tokens(record.getMessage()), None
        return True
