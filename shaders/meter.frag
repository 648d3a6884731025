// Exposure meter: one pixel. Mean of the graded picture -> x gain, y light still missing below the floor, z the mean.
#include "grade.glsl"

uniform sampler2D u_small;   // the quarter-size scene
uniform sampler2D u_levels;
uniform float u_floor;
uniform float u_ceiling;
out vec4 o_meter;

void main() {
    vec2 size = vec2(textureSize(u_small, 0));
    vec2 levels = texelFetch(u_levels, ivec2(0), 0).xy;
    float sum = 0.0, bright = 0.0;
    for (int y = 0; y < 9; y++) {
        for (int x = 0; x < 16; x++) {
            vec3 c = texelFetch(u_small, ivec2((vec2(x, y) + 0.5) / vec2(16.0, 9.0) * size), 0).rgb;
            c = graded(c * levels.x + levels.y);
            sum += dot(min(c, 1.0), vec3(0.2126, 0.7152, 0.0722));
            bright += dot(min(c, 4.0), vec3(0.2126, 0.7152, 0.0722));
        }
    }
    float mean = sum / 144.0;
    float gain = clamp(u_floor / max(mean, 1e-4), 1.0, 3.0) * min(1.0, u_ceiling * 144.0 / max(bright, 1e-4));
    o_meter = vec4(gain, max(u_floor - mean * gain, 0.0), mean, 1.0);
}
