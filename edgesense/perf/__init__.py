"""Measure any pipeline on any device, judge it against limits and a baseline; no pytest, no TensorFlow."""
