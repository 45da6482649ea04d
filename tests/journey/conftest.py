"""The engine and the base image of the container tests."""

from tests.containers.conftest import base_image, engine

__all__ = ["base_image", "engine"]
