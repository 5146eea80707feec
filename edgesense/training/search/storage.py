"""Where studies are kept: an SQLite file by default, any database that Optuna knows for several machines."""

from __future__ import annotations

import contextlib
import inspect
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesense.errors import EdgeSenseError, SettingsError
from edgesense.training.search import packages

if TYPE_CHECKING:
    from optuna import Study
    from optuna.storages import RDBStorage
    from optuna.trial import FrozenTrial

    OnStale = Callable[[Study, FrozenTrial], None]

HEARTBEAT_SECONDS = 30
GRACE_SECONDS = 150
"""A running trial without a heartbeat for so long is given up: its process or its machine is gone."""
SQLITE_PATIENCE_SECONDS = 60.0
PACKAGES = {"psycopg2": "psycopg2-binary", "psycopg": "'psycopg[binary]'", "MySQLdb": "mysqlclient"}
"""Driver -> what pip calls it."""
FILE = "studies.sqlite3"


def url(said: str | None, folder: Path) -> str:
    """The database's URL.

    Args:
        said: A URL, or the name of an SQLite file; None for `FILE` in `folder`.
        folder: Where a search keeps what it makes.
    """
    if said and "://" in said:
        return said
    return f"sqlite:///{(Path(said) if said else folder / FILE).absolute()}"


def shown(address: str) -> str:
    """A URL as it may be printed and stored: without user, password and parameters.

    Raises:
        SettingsError: It is no URL; it is not repeated either, since it may hold a password.
    """
    sqlalchemy = packages.need("sqlalchemy")
    try:
        parsed = sqlalchemy.engine.make_url(address)
        port = f":{parsed.port}" if parsed.port else ""
    except (sqlalchemy.exc.ArgumentError, ValueError):
        raise SettingsError(
            "--storage is no database URL; it should look like postgresql://user:password@host/database"
        ) from None
    if parsed.get_backend_name() == "sqlite":
        return f"sqlite:///{Path(parsed.database or '').name}"
    return f"{parsed.drivername}://{parsed.host or ''}{port}/{parsed.database or ''}"


def open(address: str, on_stale: OnStale) -> RDBStorage:  # noqa: A001 - read with its module's name
    """Open a database, with its tables made where there are none.

    Args:
        address: Its URL.
        on_stale: Called with the study and a trial that was given up for lack of a heartbeat.

    Returns:
        The storage.

    Raises:
        EdgeSenseError: It cannot be reached, or its driver is not installed; no secret of the URL is in the text.
    """
    optuna = packages.need("optuna")
    sqlalchemy = packages.need("sqlalchemy")
    name = shown(address)
    parsed = sqlalchemy.engine.make_url(address)
    # Named so since Optuna 4.9.
    parameters = inspect.signature(optuna.storages.RDBStorage).parameters
    renamed = "heartbeat_stale_trial_callback" in parameters
    stale = "heartbeat_stale_trial_callback" if renamed else "failed_trial_callback"
    arguments: dict[str, Any] = {
        "heartbeat_interval": HEARTBEAT_SECONDS,
        "grace_period": GRACE_SECONDS,
        stale: on_stale,
    }
    if parsed.get_backend_name() == "sqlite":
        arguments["engine_kwargs"] = {"connect_args": {"timeout": SQLITE_PATIENCE_SECONDS}}
    try:
        with _first(parsed), warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            try:
                made: RDBStorage = optuna.storages.RDBStorage(address, **arguments)
            except sqlalchemy.exc.DBAPIError:
                # Processes that start at once both make the tables, and one of them finds them there.
                time.sleep(1.0)
                made = optuna.storages.RDBStorage(address, **arguments)
    except ImportError as error:
        cause = error.__cause__
        driver = (cause.name if isinstance(cause, ImportError) else None) or parsed.drivername
        raise EdgeSenseError(f"{name} needs {driver}: pip install {PACKAGES.get(driver, driver)}") from None
    except (sqlalchemy.exc.SQLAlchemyError, OSError, RuntimeError) as error:
        raise EdgeSenseError(f"{name} cannot be opened: {_without_secrets(str(error), address)}") from None
    return made


@contextlib.contextmanager
def _first(parsed: Any) -> Iterator[None]:
    """Keep others from making the tables of an SQLite file at the same time."""
    import filelock

    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        yield
        return
    path = Path(parsed.database)
    path.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(path.with_name(path.name + ".lock")):
        yield


def _without_secrets(text: str, address: str) -> str:
    """The first line of an error, with whatever of the URL could be secret left out."""
    sqlalchemy = packages.need("sqlalchemy")
    parsed = sqlalchemy.engine.make_url(address)
    secrets: list[Any] = [address, parsed.password]
    for value in parsed.query.values():
        secrets += [value] if isinstance(value, str) else list(value)
    line = next(iter(text.splitlines()), "")
    for secret in filter(None, secrets):
        line = line.replace(str(secret), "***")
    return line
