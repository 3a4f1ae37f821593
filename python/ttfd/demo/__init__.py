"""The whole of ttfd on one machine: a sample community, imported, alive, and on a web page."""
