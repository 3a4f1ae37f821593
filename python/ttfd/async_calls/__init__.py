"""The SQL functions as methods, area by area. Every method is one call of one function and one mapping of its rows."""
