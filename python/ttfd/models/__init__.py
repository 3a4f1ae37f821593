"""What the SQL functions answer, as frozen objects.

Field names are column names; times are aware, durations are in seconds.
"""

from .admin import *
from .coins import *
from .events import *
from .identity import *
from .operations import *
from .progression import *
from .website import *
