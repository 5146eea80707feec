"""Pieces of advice, one a file; see `edgesense.advice.Piece`."""
