// Rays 1 and 2: light drawn out from a point that wanders (as Mitchell 2007, on a small picture). Set by the engine: FIRST.
#include "common.glsl"

uniform sampler2D u_picture;
uniform vec2 u_from;     // 0..1
uniform float u_length;
noperspective in vec2 v_uv;
out vec4 o_color;

void main() {
    vec2 step_to = (u_from - v_uv) * u_length / 8.0;
#if FIRST
    step_to *= 0.125;
#endif
    vec3 sum = vec3(0.0);
    float total = 0.0, weight = 1.0;
    vec2 at = v_uv + step_to * 0.5 * hash12(gl_FragCoord.xy);
    for (int i = 0; i < 8; i++) {
        vec3 c = texture(u_picture, at).rgb;
#if FIRST
        c *= smoothstep(0.35, 0.8, luma(c));
#else
        weight *= 0.88;
#endif
        sum += c * weight;
        total += weight;
        at += step_to;
    }
    o_color = vec4(sum / total, 1.0);
}
