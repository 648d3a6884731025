"""The tiny painter and pack of the tests of `adapt`."""

from tests.training.adapt.conftest import base, base_pack

__all__ = ["base", "base_pack"]
