"""Labelled sets: recordings with a manifest, and features that do not fit into memory."""
