// A stroke: bristles along it, a rim of paint at its sides, dry towards its end, lit from the upper left.
#include "common.glsl"

uniform float u_impasto;
uniform float u_amount;
noperspective in vec2 v_at;
flat in vec3 v_color;
flat in vec4 v_stroke;
flat in float v_long;
out vec4 o_color;

// Height of the bristles, and how it rises across the stroke: both out of the same four numbers of the lattice, and
// finer ones that run all along out of two.
vec2 bristles(vec2 at, float seed) {
    vec2 p = vec2(at.y * 2.6 + seed * 57.0, at.x * v_long * 0.18 + seed * 13.0);
    vec2 cell = floor(p), f = p - cell;
    vec2 u = f * f * (3.0 - 2.0 * f);
    float a = hash12(cell), b = hash12(cell + vec2(1.0, 0.0)), c = hash12(cell + vec2(0.0, 1.0)), d = hash12(cell + vec2(1.0, 1.0));
    float left = mix(a, c, u.y), right = mix(b, d, u.y);
    vec2 wide = vec2(mix(left, right, u.x), 6.0 * f.x * (1.0 - f.x) * (right - left) * 2.6);
    float q = at.y * 6.5 + seed * 91.0;
    float base = floor(q), t = q - base;
    vec2 ends = vec2(hash12(vec2(base, seed * 31.0)), hash12(vec2(base + 1.0, seed * 31.0)));
    vec2 fine = vec2(mix(ends.x, ends.y, t * t * (3.0 - 2.0 * t)), 6.0 * t * (1.0 - t) * (ends.y - ends.x) * 6.5);
    return 0.7 * wide + 0.3 * fine;
}

void main() {
    float seed = v_stroke.x;
    vec2 hairs = bristles(v_at, seed);
    float rim = smoothstep(0.45, 0.85, abs(v_at.y)) * 0.35;
    float h = hairs.x + rim;
    float across = -0.13 * hairs.y - 0.35 * (smoothstep(0.45, 0.85, abs(v_at.y + 0.22)) - smoothstep(0.45, 0.85, abs(v_at.y)));
    float side = 1.0 - smoothstep(0.80, 0.97, abs(v_at.y) + 0.12 * (h - 0.55));
    float end = v_at.x > 0.0
        ? 1.0 - smoothstep(0.55, 1.0, v_at.x + 0.4 * (0.6 - h))
        : 1.0 - smoothstep(0.86, 0.98, -v_at.x + 0.2 * v_at.y * v_at.y + 0.1 * (0.6 - h));
    float alpha = side * end * v_stroke.w * u_amount;
    if (alpha < 0.02) discard;
    float head = smoothstep(0.7, 0.95, -v_at.x) * 0.5 - smoothstep(0.5, 0.9, v_at.x) * 0.2;
    float light = (0.95 * across * v_stroke.z - head * v_stroke.y * 0.9) * u_impasto;
    light = clamp(light, -0.45, 0.6);
    vec3 c = v_color * (1.0 + (0.13 * (h - 0.6)) * u_impasto + light) + max(light - 0.16, 0.0) * 0.5 * u_impasto;
    o_color = vec4(clamp(c, 0.0, 1.0), alpha);
}
