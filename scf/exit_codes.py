"""The exit codes of the command line, on which scripts may rely; 0 is fine, 2 wrong usage."""

EXIT_BROKEN = 1
EXIT_NOT_FOUND = 3
EXIT_INVALID = 5
EXIT_FINDINGS = 6
"""The command did its work, and what it looked at is not as it should be."""
