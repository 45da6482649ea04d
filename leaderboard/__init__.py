"""Run records in, leaderboard versions out: statistics, tables, renderings. Imports no torch."""
