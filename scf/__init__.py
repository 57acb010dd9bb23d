"""The roof: command line, supervisor of the embedded services, and the demo. Composes all rooms."""
