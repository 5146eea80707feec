from edgesense.report.page import surroundings
from edgesense.report.page.surroundings import Difference, Place
from edgesense.report.records import Evidence, Result, Setting

BOARD = {"cpu": "Cortex-A72"}


def measured(setting, device="pi"):
    return Result("t.py::test_a", "t.py::test_a", device, None, evidence=Evidence(measured=setting))


def test_a_device_that_stayed_the_same_is_one_place_with_its_results_counted():
    setting = Setting(fingerprint=BOARD, environment={"OMP_NUM_THREADS": "1"})
    found = surroundings.places((measured(setting), measured(setting)))
    assert found == [Place("pi", (("cpu", "Cortex-A72"), ("OMP_NUM_THREADS", "1")), 2)]


def test_a_device_that_changed_within_a_run_is_two_places():
    found = surroundings.places((measured(Setting(fingerprint=BOARD)), measured(Setting(fingerprint={"cpu": "other"}))))
    assert [place.results for place in found] == [1, 1]


def test_what_was_not_measured_is_in_no_place():
    assert surroundings.places((measured(None),)) == []


def test_a_difference_within_a_setting_is_named_by_its_whole_path():
    before = Setting({"features": {"n_fft": 1024, "n_mels": 64}})
    now = Setting({"features": {"n_fft": 4096, "n_mels": 64}})
    assert surroundings.differences(now, before) == ([Difference("features.n_fft", "1024", "4096")], [])


def test_the_place_is_compared_apart_from_what_was_measured():
    changed, moved = surroundings.differences(Setting(fingerprint={"os": "12"}), Setting(fingerprint={"os": "11"}))
    assert (changed, moved) == ([], [Difference("os", "11", "12")])


def test_what_one_side_lacks_is_a_dash():
    changed, _ = surroundings.differences(Setting({"new": 1}), Setting({"old": True}))
    assert changed == [Difference("old", "true", "–"), Difference("new", "–", "1")]


def test_without_a_baseline_nothing_differs():
    assert surroundings.differences(Setting({"a": 1}), None) == ([], [])


def test_a_long_digest_is_known_by_its_beginning():
    (name, shown), *_ = surroundings.subject(Setting({"model": "6cb2" * 40}))
    assert (name, len(shown), shown[-1]) == ("model", surroundings.LONG, "…")


def test_what_was_not_measured_has_no_subject():
    assert surroundings.subject(None) == []
