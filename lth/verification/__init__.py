"""Verification of finished studies, and display of their artifacts."""
