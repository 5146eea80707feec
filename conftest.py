"""Of the whole suite: pytest's own fixture for running pytest in tests, and examples that are not timed."""

import hypothesis

pytest_plugins = ["pytester"]

# No timed assertion in tests: on a busy computer an example's time says nothing about the code.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")
