"""The command line ``cave-setup``: one module a verb. Draws statuses, signs in, starts the demo; no rule.

Exit codes: 0 ready; 1 something left to do; 2 wrong usage, or text without a token; 3 could not ask; 4 the server
refused the token just given; 130 stopped with Ctrl-C.
"""

READY, LEFT_TO_DO, WRONG_USAGE, COULD_NOT_ASK, REFUSED = range(5)
INTERRUPTED = 130  # as shells say it of Ctrl-C
