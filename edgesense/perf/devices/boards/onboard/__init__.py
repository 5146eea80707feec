"""What runs on a board under the board's own Python: standard library only, and syntax that Python 3.8 reads.

The modules are sent over the connection (`edgesense.perf.devices.boards.link`), so that nothing has to be there first
and a Python that is too old for EdgeSense can be told so.
"""
