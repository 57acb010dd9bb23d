"""A platform whose processes are killed and whose network is cut, and what must be true of it afterwards."""
