"""Of the whole suite: pytest's own fixture for running pytest in tests."""

pytest_plugins = ["pytester"]
