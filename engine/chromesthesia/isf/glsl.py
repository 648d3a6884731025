"""From the GLSL of an ISF file, whatever version it was written for, to GLSL 3.30 core. Lines keep their numbers.

The text of the file stays a text of its own, included by one that declares what ISF promises: a compiler's error then
names the file and its own line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from chromesthesia.isf.header import IsfHeader

_WORDS_OF_GLSL = frozenset(
    re.findall(
        r"\w+",
        """active asm buffer cast class coherent common double dvec2 dvec3 dvec4 enum extern external filter fixed fvec2
        fvec3 fvec4 goto half hvec2 hvec3 hvec4 inline input interface long namespace noinline output partition patch
        precise public readonly resource restrict sample sampler3DRect shared short sizeof static subroutine superp
        template this typedef union unsigned using volatile writeonly""",
    )
)
"""Reserved in GLSL 3.30, or by what drivers take it for, and free in the versions that ISF files were written for."""
_RENAMED = {
    "gl_FragColor": "isf_FragColor",
    "attribute": "in",
    "texture2D": "texture",
    "texture2DLod": "textureLod",
    "texture2DProj": "textureProj",
    "sampler2DRect": "sampler2D",
    "vv_FragNormCoord": "isf_FragNormCoord",
    "vv_vertShaderInit": "isf_vertShaderInit",
}
_TYPES = {
    "event": "bool",
    "bool": "bool",
    "long": "int",
    "float": "float",
    "point2D": "vec2",
    "color": "vec4",
}
_PIECE = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)|(?<![\w.])[A-Za-z_]\w*", re.DOTALL)
_DATA = re.compile(r"\bgl_FragData\s*\[\s*0\s*\]")
_DIRECTIVE = re.compile(r"^[ \t]*#[ \t]*(version|extension)\b.*$", re.MULTILINE)
# What later versions convert by themselves, where the driver has it.
_LENIENT = """#extension GL_ARB_shading_language_420pack : enable
#extension GL_ARB_gpu_shader5 : enable
"""
_COMMON = """
uniform int PASSINDEX;
uniform vec2 RENDERSIZE;
uniform float TIME;
uniform float TIMEDELTA;
uniform vec4 DATE;
uniform int FRAMEINDEX;
#define IMG_SIZE(image) vec2(textureSize(image, 0))
vec4 IMG_NORM_PIXEL(sampler2D image, vec2 place) { return texture(image, place); }
vec4 IMG_NORM_PIXEL(sampler2D image, vec3 place) { return texture(image, place.xy); }
vec4 IMG_NORM_PIXEL(sampler2D image, vec4 place) { return texture(image, place.xy); }
vec4 IMG_PIXEL(sampler2D image, vec2 place) { return texture(image, place / IMG_SIZE(image)); }
vec4 IMG_PIXEL(sampler2D image, vec3 place) { return texture(image, place.xy / IMG_SIZE(image)); }
vec4 IMG_PIXEL(sampler2D image, vec4 place) { return texture(image, place.xy / IMG_SIZE(image)); }
#define IMG_THIS_NORM_PIXEL(image) texture(image, isf_FragNormCoord)
#define IMG_THIS_PIXEL(image) texture(image, isf_FragNormCoord)
#define texture2DRect(image, place) IMG_PIXEL(image, place)
"""
# Some pass a bias, as `texture2D` takes one.
_FRAGMENT = """in vec2 isf_FragNormCoord;
out vec4 isf_FragColor;
vec4 IMG_NORM_PIXEL(sampler2D image, vec2 place, float bias) { return texture(image, place, bias); }
vec4 IMG_PIXEL(sampler2D image, vec2 place, float bias) { return texture(image, place / IMG_SIZE(image), bias); }
"""
_VERTEX = """out vec2 isf_FragNormCoord;
void isf_vertShaderInit() {
    isf_FragNormCoord = %s;
    gl_Position = vec4(isf_FragNormCoord * 2.0 - 1.0, 0.0, 1.0);
}
"""
_TRIANGLE = "vec2((gl_VertexID << 1) & 2, gl_VertexID & 2)"
# A rectangle of two triangles: its corners are what a vertex shader of one's own may move.
_CORNER = "(gl_VertexID < 3 ? gl_VertexID : gl_VertexID - 2)"
_RECTANGLE = f"vec2({_CORNER} & 1, {_CORNER} >> 1)"
PLAIN_VERTEX = "void main() { isf_vertShaderInit(); }\n"
VERTICES = 6
"""Of the two triangles."""


@dataclass(frozen=True, slots=True)
class Glsl:
    """Declarations, behind which the body is to be included, and the body."""

    declarations: str
    body: str


def glsl_name(name: str) -> str:
    """What `name` of an ISF file is called in the GLSL made of it."""
    return _RENAMED.get(name) or (f"isf_w_{name}" if name in _WORDS_OF_GLSL else name)


def samplers(header: IsfHeader, text: str) -> tuple[str, ...]:
    """Names of the pictures, sounds and buffers that `text` mentions, each once."""
    words = set(re.findall(r"\w+", text))
    named = [one.name for one in header.inputs if one.is_texture]
    named += [*header.imported, *(one.target for one in header.passes if one.target is not None)]
    return tuple(dict.fromkeys(name for name in named if name in words))


def fragment_glsl(header: IsfHeader, body: str, used: tuple[str, ...]) -> Glsl:
    """The fragment shader. body: the file with its header left as white space. used: samplers to be declared."""
    return _glsl(header, body, used, _FRAGMENT, "in")


def vertex_glsl(header: IsfHeader, body: str, used: tuple[str, ...]) -> Glsl:
    """The vertex shader out of a `.vs` file, which is run for `VERTICES`, or `PLAIN_VERTEX` for one triangle."""
    corners = _TRIANGLE if body == PLAIN_VERTEX else _RECTANGLE
    return _glsl(header, body, used, _VERTEX % corners, "out")


def _glsl(header: IsfHeader, body: str, used: tuple[str, ...], first: str, varying: str) -> Glsl:
    body = body.replace("\r\n", "\n").replace("\r", "\n")
    extensions = "".join(
        f"{found[0].strip()}\n" for found in _DIRECTIVE.finditer(body) if found[1] == "extension"
    )
    body = _DATA.sub("gl_FragColor", _DIRECTIVE.sub("", body))
    names = {**_RENAMED, "varying": varying}

    def renamed(found: re.Match[str]) -> str:
        word = found[0]
        return names.get(word) or glsl_name(word)

    body = _PIECE.sub(renamed, body)
    declared = "".join(
        f"uniform {_TYPES[one.kind]} {glsl_name(one.name)};\n" for one in header.inputs if not one.is_texture
    )
    declared += "".join(
        f"uniform sampler2D {glsl_name(name)};\n"
        f"#define _{name}_imgSize IMG_SIZE({glsl_name(name)})\n"
        f"#define _{name}_imgRect vec4(0.0, 0.0, 1.0, 1.0)\n"
        f"#define _{name}_flip false\n"
        for name in used
    )
    return Glsl(_LENIENT + extensions + _COMMON + declared + first, body)
