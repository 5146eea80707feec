"""From labelled clips to pipeline directories: `embedded` for the embedded data set, `folds` for recordings."""
