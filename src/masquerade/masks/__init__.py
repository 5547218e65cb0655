"""Masks drawn on faces."""
