// A stroke: bristles along it, a rim of paint at its sides, dry towards its end, lit from the upper left.
#include "lib/noise.glsl"

uniform float u_impasto;
uniform float u_amount;
noperspective in vec2 v_at;
flat in vec3 v_color;
flat in vec4 v_stroke;
flat in float v_long;
out vec4 o_color;

float height(vec2 at, float seed) {
    float bristles = noise(vec2(at.y * 2.6 + seed * 57.0, at.x * v_long * 0.18 + seed * 13.0));
    bristles = 0.7 * bristles + 0.3 * noise(vec2(at.y * 6.5 + seed * 91.0, at.x * v_long * 0.4));
    float rim = smoothstep(0.45, 0.85, abs(at.y)) * 0.35;
    return bristles + rim;
}

void main() {
    float seed = v_stroke.x;
    float h = height(v_at, seed);
    float across = h - height(v_at + vec2(0.0, 0.22), seed);
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
