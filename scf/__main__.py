"""Run the command line with `python -m scf`, as the supervisor does for its children."""

from scf.cli import main

if __name__ == "__main__":  # processes that share a command's work import this module too
    main()
