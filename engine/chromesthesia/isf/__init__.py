"""ISF files (Interactive Shader Format, version 2): read, made GLSL 3.30 of, their inputs as parameters. No OpenGL."""
