"""Measures of recognition: whose face it is, and whether two faces are of one person."""
