import sys
from pathlib import Path

import pytest

from edgesense.errors import EdgeSenseError, SettingsError
from edgesense.training.search import storage

URL = "postgresql+psycopg2://ada:s3cret@db.example:5433/searches?sslpassword=alsosecret"


def test_without_a_word_it_is_a_file_in_the_folder(tmp_path):
    assert storage.url(None, tmp_path) == f"sqlite:///{tmp_path}/studies.sqlite3"


def test_a_name_without_a_scheme_is_a_file_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert storage.url("mine.db", Path("/elsewhere")) == f"sqlite:///{tmp_path}/mine.db"


def test_a_url_is_taken_as_it_is(tmp_path):
    assert storage.url(URL, tmp_path) == URL


def test_what_is_shown_of_a_url_has_no_user_password_or_parameter():
    assert storage.shown(URL) == "postgresql+psycopg2://db.example:5433/searches"


def test_what_is_shown_of_a_file_is_its_name(tmp_path):
    assert storage.shown(f"sqlite:///{tmp_path}/mine.db") == "sqlite:///mine.db"


def test_what_is_no_url_is_refused_without_repeating_it():
    with pytest.raises(SettingsError, match="no database URL") as refused:
        storage.shown("postgres ql://ada:s3cret@host")
    assert "s3cret" not in str(refused.value)
    assert refused.value.__suppress_context__


def test_a_missing_driver_is_named_with_its_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    with pytest.raises(EdgeSenseError) as refused:
        storage.open(URL, lambda study, trial: None)
    assert str(refused.value) == (
        "postgresql+psycopg2://db.example:5433/searches needs psycopg2: pip install psycopg2-binary"
    )


def test_a_database_that_cannot_be_opened_is_one_line(tmp_path):
    (tmp_path / "file.db").write_bytes(b"not a database at all, " * 100)
    with pytest.raises(EdgeSenseError, match=r"^sqlite:///file\.db cannot be opened: .*not a database") as refused:
        storage.open(f"sqlite:///{tmp_path}/file.db", lambda study, trial: None)
    assert "\n" not in str(refused.value)


def test_errors_lose_the_secrets_of_the_url():
    said = storage._without_secrets(f"cannot connect with {URL}\nmore\n", URL)
    assert said == "cannot connect with ***"
    assert storage._without_secrets("password s3cret, ssl alsosecret", URL) == "password ***, ssl ***"


def test_the_trials_of_a_storage_have_a_heartbeat(tmp_path):
    opened = storage.open(storage.url(None, tmp_path), lambda study, trial: None)
    assert opened.get_heartbeat_interval() == storage.HEARTBEAT_SECONDS
    assert storage.GRACE_SECONDS > 3 * storage.HEARTBEAT_SECONDS
