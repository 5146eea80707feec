"""The measuring process: the same on every device, speaking JSON; standard library and NumPy only."""
