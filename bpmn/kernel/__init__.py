"""The kernel: states, commands and the step between them."""
