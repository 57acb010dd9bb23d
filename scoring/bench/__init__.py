"""The measurement of the modelling core on public credit data: `scf score bench FOLDER`."""
