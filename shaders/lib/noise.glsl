// Noise without sine or texture: the same on every GPU.
#include "common.glsl"

// Value noise, 0..1, with smooth second slope.
float noise(vec2 p) {
    vec2 cell = floor(p), f = p - cell;
    vec2 u = f * f * f * (f * (f * 6.0 - 15.0) + 10.0);
    float a = hash12(cell), b = hash12(cell + vec2(1.0, 0.0));
    float c = hash12(cell + vec2(0.0, 1.0)), d = hash12(cell + vec2(1.0, 1.0));
    return mix(mix(a, b, u.x), mix(c, d, u.x), u.y);
}

// Four octaves of it, 0..1.
float fbm(vec2 p) {
    float sum = 0.0, share = 0.5;
    for (int i = 0; i < 4; i++) {
        sum += share * noise(p);
        p = mat2(1.6, 1.2, -1.2, 1.6) * p + 17.7;
        share *= 0.5;
    }
    return sum / 0.9375;
}

// Across and down by which fbm rises.
vec2 fbm_slope(vec2 p, float reach) {
    return vec2(fbm(p + vec2(reach, 0.0)) - fbm(p - vec2(reach, 0.0)), fbm(p + vec2(0.0, reach)) - fbm(p - vec2(0.0, reach)))
        / (2.0 * reach);
}
