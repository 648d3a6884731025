// Levels: one pixel. Mean and deviation of the scene's brightness -> x scale and y offset that even them out.
#include "common.glsl"

uniform sampler2D u_small;  // the quarter-size scene
uniform float u_adapt;      // 0..1
uniform float u_key;        // mean aimed at
uniform float u_spread;     // deviation aimed at
out vec4 o_levels;

void main() {
    vec2 size = vec2(textureSize(u_small, 0));
    float sum = 0.0, squares = 0.0;
    for (int y = 0; y < 9; y++) {
        for (int x = 0; x < 16; x++) {
            float light = min(luma(texelFetch(u_small, ivec2((vec2(x, y) + 0.5) / vec2(16.0, 9.0) * size), 0).rgb), 1.5);
            sum += light;
            squares += light * light;
        }
    }
    float mean = sum / 144.0;
    float deviation = sqrt(max(squares / 144.0 - mean * mean, 0.0));
    float scale = mix(1.0, clamp(u_spread / (deviation + 0.02), 0.6, 2.6), u_adapt);
    float aim = mix(mean, u_key, 0.85 * u_adapt);
    o_levels = vec4(scale, aim - mean * scale, mean, deviation);
}
