# Generated from async_calls/__init__.py by `make migration`: edit there, not here.
"""The SQL functions as methods, area by area. Every method is one call of one function and one mapping of its rows."""
