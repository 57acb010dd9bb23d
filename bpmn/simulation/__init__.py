"""Models tried out on a virtual clock: `world` holds the instances together and jumps from timer to timer."""
