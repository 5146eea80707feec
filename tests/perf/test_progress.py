from edgesense.perf import progress


def test_nobody_has_to_watch():
    progress.tell("something", 1, 2)


def test_who_watches_is_told_what_begins_inside_and_no_longer_afterwards():
    told = []
    with progress.watched(lambda *said: told.append(said)):
        progress.tell("pairs", 1, 15)
        with progress.watched(lambda *_: None):
            progress.tell("not for the outer one")
        progress.tell("memory")
    progress.tell("afterwards")
    assert told == [("pairs", 1, 15), ("memory", 0, 0)]
