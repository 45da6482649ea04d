"""One file per family, found by listing. Each defines `ARCHITECTURES: dict[str, Callable[[], Backbone]]`."""
