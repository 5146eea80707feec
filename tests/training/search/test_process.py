import os
import sys
import time

import pytest

from edgesense.training.search import process
from edgesense.training.search.evaluator import TrialFailed

DONE = "import json; print(json.dumps({'event': 'done', 'x': 1}), flush=True)"


def child(body):
    return ("-c", "import os, sys, json, signal, time; request = json.loads(sys.stdin.readline()); " + body)


def all_of(body, request=None):
    with process.events(request or {}, child(body)) as events:
        return list(events)


def test_events_come_in_order_up_to_done():
    body = "[print(json.dumps({'event': 'step', 'step': n}), flush=True) for n in request['steps']]; " + DONE
    got = all_of(body + "; time.sleep(600)", {"steps": [1, 2]})
    assert [one["event"] for one in got] == ["step", "step", "done"]


def test_what_it_says_went_wrong_is_the_error():
    with pytest.raises(TrialFailed, match=r"^the disk is full$"):
        all_of("print(json.dumps({'event': 'error', 'message': 'the disk is full'}), flush=True)")


def test_a_crash_is_named_by_its_signal_with_its_last_words():
    with pytest.raises(TrialFailed, match="the training process was ended by SIGSEGV:\n    last words"):
        all_of("print('last words', file=sys.stderr, flush=True); os.kill(os.getpid(), signal.SIGSEGV)")


def test_a_kill_hints_at_memory():
    with pytest.raises(TrialFailed, match=r"ended by SIGKILL \(for lack of memory, perhaps\)"):
        all_of("os.kill(os.getpid(), signal.SIGKILL)")


def test_an_end_without_a_word_is_a_failure():
    with pytest.raises(TrialFailed, match=r"ended with exit status 0 \(it printed nothing\)"):
        all_of("pass")


def gone(number):
    for _ in range(200):
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_leaving_early_ends_it_and_what_it_started():
    body = (
        "import subprocess; other = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
        "print(json.dumps({'event': 'step', 'own': os.getpid(), 'other': other.pid}), flush=True); time.sleep(600)"
    )

    def leave():
        with process.events({}, child(body)) as events:
            numbers.update(next(events))
            raise KeyboardInterrupt

    numbers = {}
    with pytest.raises(KeyboardInterrupt):
        leave()
    assert gone(numbers["own"])
    assert _ended(numbers["other"])


def _ended(number):
    """Whether a process is gone, or only waits for somebody to take its exit status."""
    for _ in range(200):
        try:
            with open(f"/proc/{number}/stat") as file:  # noqa: PTH123
                if file.read().rsplit(")", 1)[1].split()[0] == "Z":
                    return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at /proc")
def test_a_training_process_ends_with_the_process_that_started_it(tmp_path):
    import json
    import subprocess

    from edgesense.training.search.plan import Plan

    request = {"plan": Plan(1).to_dict()}
    waiting = (
        "import os, sys, threading, time\n"
        "from edgesense.training.search import child\n"
        "def run(*_):\n    print(os.getpid(), file=sys.stderr, flush=True)\n    time.sleep(600)\n"
        "child.run, child.Candidate, child.datas.from_dict = run, dict, lambda _: None\n"
        "child.main()\n"
    )
    request |= {"candidate": {}, "data": {}, "work": str(tmp_path)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    started = subprocess.Popen([sys.executable, "-c", waiting], text=True, start_new_session=True, **pipes)
    with started:
        started.stdin.write(json.dumps(request) + "\n")
        started.stdin.flush()
        assert int(started.stderr.readline()) == started.pid
        started.stdin.close()
        assert started.wait(timeout=60) == -9
