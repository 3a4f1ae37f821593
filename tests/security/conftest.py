from shared_database import db, shared_database

__all__ = ["db", "shared_database"]
