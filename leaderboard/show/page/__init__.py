"""The leaderboard as a page: static files that open from disk and from any web host and ask no other host."""

from lovt_bench.leaderboard.show.page.render import render_page

__all__ = ["render_page"]
