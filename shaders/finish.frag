// Finish, at the size of the picture: strokes of the brush, lens, linen, grain. Set by the engine: BRUSH, SPLIT, CANVAS
// (0 or 1).
#include "common.glsl"

noperspective in vec2 v_uv;
noperspective in vec2 v_place;
uniform sampler2D u_lit;
uniform float u_split;
uniform float u_canvas;
#if BRUSH
uniform sampler2D u_tile;   // which tile, of 255
uniform float u_brush;
uniform mat2 u_unturn;      // from texels of the tile to parts of the picture
#endif
#if BRUSH || CANVAS
uniform sampler2D u_tiles;  // strokes in eight directions, in alpha linen
uniform mat2 u_turn;        // from the screen to the tile, texels
uniform vec2 u_at;
#endif
uniform float u_grain;
uniform float u_grain_seed;
uniform float u_brightness;
out vec4 o_color;

#if BRUSH || CANVAS
const float TILE = 256.0, ROW = 258.0, TILES = 8.0;

vec4 tile(vec2 texel, float number) {
    return texture(u_tiles, vec2(texel.x / TILE, (number * ROW + 1.0 + TILE * fract(texel.y / TILE)) / (TILES * ROW)));
}
#endif

void main() {
    vec2 uv = v_uv;
    float light = 1.0;
#if BRUSH
    vec4 stroke = tile(u_turn * v_place + u_at, 255.0 * texture(u_tile, v_uv).r) - 128.0 / 255.0;
    uv += u_unturn * stroke.xy;
    light += stroke.z * u_brush;
#elif CANVAS
    vec4 stroke = tile(u_turn * v_place + u_at, 0.0) - 128.0 / 255.0;
#endif
    vec3 c = texture(u_lit, uv).rgb;
#if SPLIT
    vec2 shift = (v_uv - 0.5) * u_split * 0.03 * (0.3 + dot(v_place, v_place));
    c.r = texture(u_lit, uv + shift).r;
    c.b = texture(u_lit, uv - shift).b;
#endif
#if CANVAS
    light += stroke.w * u_canvas;
#endif
    float grain = (hash12(gl_FragCoord.xy + u_grain_seed) - 0.5) * u_grain;
    c = c * (light + 0.16 * grain) + 0.04 * grain;
    o_color = vec4(clamp(c, 0.0, 1.0) * u_brightness, 1.0);
}
