"""Spreadsheets as people keep them: their tables found, their columns recognised, their cells read, and what is uncertain asked."""
