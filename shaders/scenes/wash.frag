// Wash 2: Kuwahara's filter from the moments of neighbourhoods all around: the calmest ones say the colour (generalised
// as by Papari et al. 2007). Water runs a little by the paper, pigment gathers at its rims.
#include "lib/noise.glsl"

uniform sampler2D u_picture;
uniform sampler2D u_moments;
uniform float u_reach;   // screen heights
uniform float u_aspect;
uniform float u_amount;
noperspective in vec2 v_uv;
out vec4 o_color;

void main() {
    vec2 reach = u_reach * vec2(1.0 / u_aspect, 1.0);
    vec2 paper = (vec2(noise(v_uv * vec2(u_aspect, 1.0) * 60.0), noise(v_uv.yx * vec2(1.0, u_aspect) * 60.0 + 9.0)) - 0.5);
    vec2 at = v_uv + paper * reach * 0.9;
    vec4 sum = vec4(0.0);
    float total = 0.0;
    vec4 here = texture(u_moments, at);
    for (int i = 0; i < 8; i++) {
        float angle = (float(i) + 0.5) * TAU / 8.0;
        vec4 m = texture(u_moments, at + vec2(cos(angle), sin(angle)) * reach);
        float calm = 1.0 / (2e-4 + m.a);
        calm *= calm;
        sum += m * calm;
        total += calm;
    }
    vec3 c = sum.rgb / total;
    // Where neighbourhoods differ a wash ends: pigment stands there.
    float rim = smoothstep(0.01, 0.10, length(here.rgb - c));
    c *= 1.0 - 0.28 * rim;
    c *= 0.965 + 0.07 * noise(v_uv * vec2(u_aspect, 1.0) * 260.0);
    o_color = vec4(mix(texture(u_picture, v_uv).rgb, c, u_amount), 1.0);
}
