"""Simulated clouds on loopback, in the providers' own wire protocols."""
