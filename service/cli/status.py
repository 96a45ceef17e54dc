"""Exit statuses of `mca`, each with one meaning; docs/operating.md lists them."""

from __future__ import annotations

OK = 0
"""The command did what it was asked to do."""
BROKEN = 1
"""What was checked does not hold."""
BAD_INPUT = 2
"""The input, the settings or the database hold an error; nothing was written."""
USAGE = 64
"""The command line itself is wrong: an unknown command or option, or a value outside its range."""
BAD_OUTPUT = 73
"""The output cannot be written where it is wanted."""
WRITE_FAILED = 74
"""Standard output could not be written, for example because the disk is full."""
INTERRUPTED = 130
"""The command was interrupted before it had a result to keep."""
