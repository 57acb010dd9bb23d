"""A witness of logs: it cosigns what only grows. Whoever wants to know that a log has one face runs one."""
