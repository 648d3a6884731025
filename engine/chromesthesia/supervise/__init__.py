"""The small process that watches a show and starts it again. Imports nothing heavy: no numpy, no OpenGL."""
