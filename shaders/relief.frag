// Painting 6: sharpen across the strokes (shock filter) and light their ridges. o_color.a: edge strength for contours.
#include "common.glsl"

uniform sampler2D u_stroke;
uniform float u_sharpness;  // 0..1
uniform float u_relief;     // 0..1
uniform float u_texel;      // one generator pixel in pixels of the target
out vec4 o_color;

float height(vec4 c) {
    return luma(c.rgb) * 0.9 + c.a * 0.35;
}

void main() {
    ivec2 last = textureSize(u_stroke, 0) - 1;
    ivec2 at = ivec2(gl_FragCoord.xy);
    ivec2 lo = max(at - 1, ivec2(0));
    ivec2 hi = min(at + 1, last);
    vec4 c = texelFetch(u_stroke, at, 0);
    vec4 w = texelFetch(u_stroke, ivec2(lo.x, at.y), 0);
    vec4 e = texelFetch(u_stroke, ivec2(hi.x, at.y), 0);
    vec4 n = texelFetch(u_stroke, ivec2(at.x, lo.y), 0);
    vec4 s = texelFetch(u_stroke, ivec2(at.x, hi.y), 0);
    float lw = luma(w.rgb), le = luma(e.rgb), ln = luma(n.rgb), ls = luma(s.rgb), lc = luma(c.rgb);
    vec2 slope = 0.5 * vec2(le - lw, ls - ln);
    float steep = length(slope);
    vec2 uphill = slope / (steep + 1e-4);
    float bend = lw + le + ln + ls - 4.0 * lc;
    // On the dark side of an edge step down, on the bright side up.
    float reach = clamp(-bend * 60.0, -1.0, 1.0) * u_sharpness * u_texel * smoothstep(0.0, 0.02, steep);
    vec2 to = clamp(uphill * reach, -1.0, 1.0);
    vec3 color = c.rgb + abs(to.x) * ((to.x > 0.0 ? e : w).rgb - c.rgb) + abs(to.y) * ((to.y > 0.0 ? s : n).rgb - c.rgb);
    vec2 tilt = vec2(height(e) - height(w), height(s) - height(n)) * u_texel * 0.5;
    float shade = dot(tilt, vec2(-0.62, -0.78));
    float lit = clamp(shade * 1.6, -0.45, 0.6) * u_relief;
    color = color * (1.0 + lit) + max(lit - 0.12, 0.0) * 0.35;
    o_color = vec4(clamp(color, 0.0, 1.0), clamp(steep * u_texel * 4.0 - 0.08, 0.0, 1.0));
}
