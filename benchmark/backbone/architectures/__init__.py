"""One file per family, found by listing. Each defines `ARCHITECTURES: dict[str, Callable[[], Backbone]]`.

A family that is slow to build also defines `SUMMARIES: dict[str, Summary]`, what listings show of its networks. One of
more networks than are worth listing defines `PREFIX`, with which all its names begin, and
`named(architecture, options)`, which returns the builder of any of them. `options` complete the name
(`BackboneManifest.options`); None stands for the family's defaults. `UNLISTED: dict[str, str]` says of an architecture
which networks have its tensors, give other features and are no architecture here, in words.
"""
