"""Charts of one table, each one Vega-Lite specification: the page draws it, `leaderboard plot` prints it."""
