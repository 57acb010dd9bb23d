"""Models: reading, checking and compiling what analysts draw."""
