from __future__ import annotations

from pathlib import Path

import pytest

from edgesense.errors import DeviceUnavailable, SettingsError
from edgesense.perf.devices.boards import openssh
from edgesense.perf.devices.boards.openssh import Address, Way

PI = Address("pi-1.local", "pi")
UNKNOWN = "No ED25519 host key is known for pi-1.local and you have requested strict checking."
CHANGED = """@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
Host key verification failed."""


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("pi@pi-1.local", PI),
        ("pi-1", Address("pi-1")),
        ("pi@pi-1.local:2222", Address("pi-1.local", "pi", 2222)),
        ("pi@[fe80::1%eth0]:22", Address("fe80::1%eth0", "pi", 22)),
        ("[::1]", Address("::1")),
    ],
)
def test_an_address_is_read(text: str, address: Address) -> None:
    assert Address.parse(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pi@",
        "@pi-1",
        "pi-1:",
        "pi-1:0",
        "pi-1:65536",
        "pi-1 rm",
        "-oProxyCommand=x",
        "pi@-oProxyCommand=x",
        "a;b@c",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        Address.parse(text)


def test_the_command_is_strict_and_its_last_word_is_always_the_same(tmp_path: Path) -> None:
    key, known = tmp_path / "a key", tmp_path / "known hosts"
    for file in (key, known):
        file.touch()
    one = Way().command(PI)
    other = Way(key=key, known_hosts=known).command(Address("::1", "$(reboot)", 2222))
    assert one[-1] == other[-1] == openssh.REMOTE
    assert one[-4:-1] == ("pi", "--", "pi-1.local")
    for command in (one, other):
        assert command[0] == "ssh"
        assert {"-oBatchMode=yes", "-oStrictHostKeyChecking=yes", "-oForwardAgent=no"} <= set(command)
    assert other[other.index("-i") + 1] == str(key)
    assert f'-oUserKnownHostsFile="{known}"' in other


def test_a_file_that_is_not_here_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeviceUnavailable, match=r"pi@pi-1\.local: there is no file /no/such/key"):
        Way(key=Path("/no/such/key")).command(PI)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (CHANGED, "ssh-keygen -R '[pi-1.local]:2222'"),
        (f"{UNKNOWN}\nHost key verification failed.", "accept it once with `ssh -p 2222 pi@pi-1.local`"),
        ("pi@pi-1.local: Permission denied (publickey,password).", "ssh-copy-id -p 2222 pi@pi-1.local"),
        ("ssh: Could not resolve hostname pi-1.local: Name or service not known", "there is no host pi-1.local here"),
        ("ssh: connect to host pi-1.local port 2222: Connection refused", "no SSH server runs on port 2222"),
        ("ssh: connect to host pi-1.local port 2222: Connection timed out", "is it switched on"),
        ("ssh: connect to host pi-1.local port 2222: No route to host", "is it switched on"),
        ("bash: line 1: exec: python3: not found", "it has no python3"),
        ("first\nclient_loop: send disconnect: Broken pipe\n", "(client_loop: send disconnect: Broken pipe)"),
        ("", "the connection was lost"),
    ],
)
def test_each_failure_says_what_to_do(said: str, meant: str) -> None:
    assert meant in openssh.explain(Address("pi-1.local", "pi", 2222), said).text


@pytest.mark.parametrize(
    ("said", "lasting"),
    [
        (CHANGED, True),
        ("Host key verification failed.", True),
        ("pi@pi-1: Permission denied (publickey).", True),
        ("bash: line 1: exec: python3: not found", True),
        ("ssh: connect to host pi-1 port 22: Connection refused", False),
        ("kex_exchange_identification: Connection closed by remote host", False),
        ("", False),
    ],
)
def test_only_what_a_person_has_to_change_is_lasting(said: str, lasting: bool) -> None:
    assert openssh.explain(PI, said).lasting is lasting


def test_a_host_key_on_the_usual_port_is_forgotten_by_its_name() -> None:
    assert "`ssh-keygen -R pi-1.local`" in openssh.explain(PI, CHANGED).text
