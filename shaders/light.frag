// Light: levels, glow, colour, exposure limits, vignette. Set by the engine: GLOW (0 or 1).
#include "grade.glsl"

noperspective in vec2 v_uv;
noperspective in vec2 v_place;
flat in vec4 v_meter;   // exposure, light missing below the floor
flat in vec2 v_levels;  // scale and offset
uniform sampler2D u_scene;
uniform sampler2D u_halo;
uniform float u_glow;
uniform float u_vignette;
uniform vec2 u_fog;      // where the light that is never missing comes from
uniform vec3 u_ambient;  // its colour
out vec4 o_color;

void main() {
    vec3 c = texelFetch(u_scene, ivec2(gl_FragCoord.xy), 0).rgb * v_levels.x + v_levels.y;
#if GLOW
    c += texture(u_halo, v_uv).rgb * (u_glow * 0.9);
#endif
    vec2 to_fog = v_place - u_fog;
    vec3 fog = u_ambient * v_meter.y * max(1.7 - 1.4 * dot(to_fog, to_fog), 0.25);
    float rim = clamp(dot(v_place, v_place) * 1.087 - 0.196, 0.0, 1.0);
    c = (graded(c) * v_meter.x + fog) * (1.0 - u_vignette * 0.85 * rim * rim);
    // Soft shoulder: bright places bend over instead of burning out.
    vec3 above = max(c * 4.0 - 3.0, 0.0);
    o_color = vec4(min(c, 0.75 + 0.25 * above / (1.0 + above)), 1.0);
}
