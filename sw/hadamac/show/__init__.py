"""Presentation of networks to people: tables and pictures."""
