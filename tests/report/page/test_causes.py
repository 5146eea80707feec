from edgesense.report.page import causes
from edgesense.report.page.causes import Cause
from edgesense.report.page.surroundings import Difference
from edgesense.report.records import Attached

WINDOW = Difference("features.n_fft", "1024", "4096")
STAGES = Attached("time by stage", "stages.txt", kind="stages", summary=("features +1.07 ms",))


def test_what_profilers_found_is_told_by_kind_in_their_order():
    functions = Attached("functions by time", "f.txt", kind="functions", summary=("nearest (mine.py) +3 ms a call",))
    assert causes.of([STAGES, functions], [], []) == [
        Cause("stages", ("features +1.07 ms",)),
        Cause("functions", ("nearest (mine.py) +3 ms a call",)),
    ]


def test_two_findings_of_one_kind_stand_together():
    more = Attached("time by stage, once more", "s.txt", kind="stages", summary=("inference +0.5 ms",))
    assert causes.of([STAGES, more], [], []) == [Cause("stages", ("features +1.07 ms", "inference +0.5 ms"))]


def test_files_that_say_nothing_in_words_explain_nothing():
    assert causes.of([Attached("flame graph", "flame.svg", kind="flamegraph")], [], []) == []


def test_changed_settings_come_first_also_where_no_profiler_ran():
    assert causes.of([STAGES], [WINDOW], [])[0] == Cause("changes", ("features.n_fft 1024 -> 4096",))


def test_a_profilers_own_list_of_changes_is_not_told_a_second_time():
    listed = Attached("changes", kind="changes", summary=("features.n_fft 1024 -> 4096", "files: pipeline.json"))
    assert causes.of([STAGES, listed], [WINDOW], [])[0] == Cause("changes", listed.summary)


def test_another_place_is_told_after_changed_settings():
    moved = Difference("runtime", "litert 2.2.0", "litert 2.3.0")
    assert [one.kind for one in causes.of([STAGES], [WINDOW], [moved])] == ["changes", "place", "stages"]


def test_of_very_many_differences_the_first_are_told_and_the_others_counted():
    many = [Difference(f"setting {number}", "a", "b") for number in range(20)]
    (found,) = causes.of([], many, [])
    assert len(found.lines) == causes.AT_MOST + 1
    assert found.lines[-1] == "and 14 more, in the details"
