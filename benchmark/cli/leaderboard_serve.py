"""`lovt-bench leaderboard serve, site`: the page on this machine, and as a folder for any web host."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import click

from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.cli.leaderboard_board import open_board
from lovt_bench.benchmark.cli.leaderboard_options import out_option
from lovt_bench.benchmark.runtime.interruption import interruptible


@click.command()
@click.argument("version", required=False)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: a free one.")
@click.option("--open", "browse", is_flag=True, help="Open it in the browser.")
@out_option
def serve(version: str | None, port: int, browse: bool, out: Path) -> None:
    """Serve the page to this machine only, until Ctrl+C. Without VERSION: dev, else the newest release.

    \b
    Examples:
      lovt-bench leaderboard serve --open
      lovt-bench leaderboard serve 1.2.0 --port 8080
    """
    import webbrowser

    from lovt_bench.leaderboard.releases.serve import ADDRESS, make_server
    from lovt_bench.leaderboard.releases.version import DEVELOPMENT, releases

    released = releases(out)
    newest = DEVELOPMENT if (out / DEVELOPMENT).is_dir() or not released else released[0]
    shown = version or newest
    open_board(out, shown)
    try:
        server = make_server(out, port)
    except OSError as error:
        raise click.ClickException(f"port {port}: {error.strerror}; choose another --port") from error
    address = f"http://{ADDRESS}:{server.server_port}/{shown}/"
    with server, suppress(KeyboardInterrupt), interruptible():
        say(f"{address} (Ctrl+C ends it)")
        if browse:
            webbrowser.open(address)
        server.serve_forever()


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@out_option
def site(folder: Path, out: Path) -> None:
    """Write all releases into FOLDER as a web site, with a first page that leads to the newest.

    \b
    Examples:
      lovt-bench leaderboard site build/site
    """
    from lovt_bench.leaderboard.errors import LeaderboardError
    from lovt_bench.leaderboard.releases.site import write_site

    try:
        versions = write_site(out, folder)
    except LeaderboardError as error:
        raise click.ClickException(str(error)) from error
    say(f"Written: {folder} ({len(versions)} release(s), newest {versions[0]})")
