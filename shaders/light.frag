// Light: levels, glow, colour, exposure limits, vignette. Set by the engine: GLOW (0 or 1).
#include "grade.glsl"

noperspective in vec2 v_uv;
flat in vec2 v_levels;
noperspective in float v_light;
noperspective in vec3 v_fog;
uniform sampler2D u_scene;
uniform sampler2D u_halo;
uniform float u_glow;
out vec4 o_color;

void main() {
    vec3 c = texelFetch(u_scene, ivec2(gl_FragCoord.xy), 0).rgb * v_levels.x + v_levels.y;
#if GLOW
    c += texture(u_halo, v_uv).rgb * (u_glow * 0.9);
#endif
    c = graded(c) * v_light + v_fog;
    // Soft shoulder: bright places bend over instead of burning out.
    vec3 above = max(c * 4.0 - 3.0, 0.0);
    o_color = vec4(min(c, 0.75 + 0.25 * above / (1.0 + above)), 1.0);
}
