"""Run the command line with `python -m scf`, as the supervisor does for its children."""

from scf.cli import main

main()
