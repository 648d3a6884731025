// Endless kaleidoscope. Set by the engine: WALLS (index of the choice).
#include "lib/warp.glsl"

uniform sampler2D u_picture;
uniform float u_aspect;
uniform float u_size;    // screen heights
uniform float u_angle;
uniform float u_amount;
uniform vec2 u_wander;
noperspective in vec2 v_uv;
noperspective in vec2 v_place;
out vec4 o_color;

void main() {
    vec2 p = turning(u_angle) * v_place / u_size;
#if WALLS == 1
    p = squares(p);
#elif WALLS == 2
    p = triangles(p);
#else
    p = hexagons(p);
#endif
    vec2 at = on_picture(turning(-0.7 * u_angle) * (p * max(u_size, 0.45) * 1.5) + u_wander, u_aspect);
    o_color = vec4(mix(texture(u_picture, v_uv).rgb, texture(u_picture, at).rgb, u_amount), 1.0);
}
