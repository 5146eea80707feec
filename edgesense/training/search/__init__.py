"""Architecture search with Optuna: which small network, front end and quantisation is both right and cheap.

`space` says what may be chosen, `evaluator` what judges a choice, `loop` runs trials until there are enough, and
`study` keeps them where several processes and machines can share them.
"""
