"""The feature engine: one definition of each feature, for training and for serving.

- ``plan``: which functions run, in which order, to make the model's inputs from arrays. Needs numpy only.
- ``snapshot``: what the views said at one clock time, looked up by key for one request. Needs numpy only.
- ``views``: runs the as-of SQL with DuckDB, for a whole history or for one moment.
- ``materialise``: makes such a snapshot.
- ``lookup``: what views said of many rows, each at a time of its own.
- ``offline``: joins requests to views and computes every row of a history.
- ``recompute``: the same rows again, from nothing but what was known at the time: the proof that nothing leaks.
"""
