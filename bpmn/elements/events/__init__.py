"""The kinds of event definition, one file each."""
