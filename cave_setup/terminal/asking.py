"""What a person at the terminal is asked: yes or no, a word, and text that does not show while it is pasted.

No terminal, or the end of input, is never an answer.
"""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
import time
from typing import TYPE_CHECKING

from cave_setup import words
from cave_setup.paste import LONGEST_TEXT
from cave_setup.terminal.output import say

if sys.platform == "win32":
    import msvcrt
else:
    import select
    import termios

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO

_CHUNK = 65536
_PAUSE = 0.1  # seconds; what follows within them is part of the same paste


class Person:
    """Whoever sits at the terminal, if somebody does.

    Parameters
    ----------
    stdin : TextIO or None
        Standard input of this process; None where it is closed.
    yes : bool
        The person agreed beforehand to everything that is asked with `agrees`.

    """

    def __init__(self, stdin: TextIO | None, *, yes: bool = False) -> None:
        self._stdin = stdin
        self._yes = yes

    @property
    def is_there(self) -> bool:
        """Whether anybody can be asked."""
        return self._stdin is not None and self._stdin.isatty()

    def agrees(self, question: str, *, usual: bool = False) -> bool:
        """Ask for a yes or no.

        Parameters
        ----------
        question : str
        usual : bool
            What Enter alone means.

        """
        if self._yes:
            return True
        answer = self.answer(f"{question} {words.LOGIN_YES_OR_NO[usual]} ")
        return usual if answer == "" else (answer or "").lower() in {"y", "yes"}

    def answer(self, question: str) -> str | None:
        """Ask for a line. What was typed before the question was there does not count; None if there is no answer."""
        if self._stdin is None or not self.is_there:
            return None
        _forget_typed(self._stdin.fileno())
        say(question, end="")
        line = self._stdin.buffer.readline().decode("utf-8", "replace")
        if not line:
            say("")
        return line.strip() if line else None

    @contextlib.contextmanager
    def hidden(self) -> Iterator[Pasted]:
        """Take what is pasted, or comes on standard input, from now on, and do not let the terminal show it."""
        descriptor = _descriptor(self._stdin)
        if descriptor is None:
            yield Pasted(lambda _seconds: b"")
        elif not self.is_there:
            yield Pasted(_reader(descriptor))
        else:
            with _unseen(descriptor):
                yield Pasted(lambda seconds: _typed(descriptor, seconds), lambda: _forget_typed(descriptor))

    def text(self, request: str) -> str:
        """Give all of standard input; at a terminal ask for it, and take one paste."""
        if self._stdin is None:
            return ""
        if not self.is_there:
            return self._stdin.buffer.read(LONGEST_TEXT).decode("utf-8", "replace")
        with self.hidden() as pasted:
            say(request)
            text = ""
            while not text and not pasted.is_over:
                text = pasted.whole(1.0)
        return text


class Pasted:
    """What is pasted, one text after the other.

    Parameters
    ----------
    read : callable
        Waits so many seconds for input: gives what came, None if nothing did, and an empty text at the end of input.
    forget : callable
        Forgets what is left of a paste: a last line that nobody ended with Enter.

    """

    def __init__(self, read: Callable[[float], bytes | None], forget: Callable[[], None] = lambda: None) -> None:
        self.is_over = False
        self._read = read
        self._forget = forget
        self._begun = b""

    def whole(self, seconds: float = 0.0) -> str:
        """Give a text once it is whole: a line has ended, and nothing followed at once. Empty while none is."""
        chunk = None if self.is_over else self._read(seconds)
        while chunk and len(self._begun) < LONGEST_TEXT:
            self._begun += chunk
            chunk = self._read(_PAUSE)
        self.is_over = self.is_over or chunk == b"" or len(self._begun) >= LONGEST_TEXT
        if not self.is_over and not self._begun.endswith(b"\n"):
            return ""
        self._forget()
        text, self._begun = self._begun.decode("utf-8", "replace"), b""
        return text


def _descriptor(stdin: TextIO | None) -> int | None:
    try:
        return None if stdin is None else stdin.fileno()
    except (OSError, ValueError):  # closed, or replaced by something that is no file
        return None


def _reader(descriptor: int) -> Callable[[float], bytes | None]:
    """Read in a thread: only that works for files and pipes of every system."""
    arrived: queue.Queue[bytes] = queue.Queue(maxsize=16)

    def work() -> None:
        chunk = None
        while chunk != b"":
            chunk = _read_or_end(descriptor)
            arrived.put(chunk)

    def read(seconds: float) -> bytes | None:
        try:
            return arrived.get(timeout=seconds)
        except queue.Empty:
            return None

    threading.Thread(target=work, name="cave-setup-stdin", daemon=True).start()
    return read


def _read_or_end(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, _CHUNK)
    except OSError:  # a terminal that has gone away
        return b""


if sys.platform == "win32":

    @contextlib.contextmanager
    def _unseen(_descriptor: int) -> Iterator[None]:
        yield  # what `msvcrt.getwch` reads is not shown

    def _typed(_descriptor: int, seconds: float) -> bytes | None:
        ends = time.monotonic() + seconds
        while not msvcrt.kbhit():
            if time.monotonic() >= ends:
                return None
            time.sleep(0.01)
        letter = msvcrt.getwch()
        if letter == "\x03":
            raise KeyboardInterrupt
        return letter.replace("\r", "\n").encode("utf-8", "replace")

    def _forget_typed(_descriptor: int) -> None:
        while msvcrt.kbhit():
            msvcrt.getwch()

else:

    @contextlib.contextmanager
    def _unseen(descriptor: int) -> Iterator[None]:
        before = termios.tcgetattr(descriptor)
        unseen = [*before[:3], before[3] & ~termios.ECHO, *before[4:]]
        try:
            termios.tcsetattr(descriptor, termios.TCSADRAIN, unseen)
            yield
        finally:
            # And forget the rest of a paste, which would answer the next question or be run by the shell.
            termios.tcsetattr(descriptor, termios.TCSAFLUSH, before)

    def _typed(descriptor: int, seconds: float) -> bytes | None:
        ready, _, _ = select.select([descriptor], [], [], seconds)
        return _read_or_end(descriptor) if ready else None

    def _forget_typed(descriptor: int) -> None:
        termios.tcflush(descriptor, termios.TCIFLUSH)
