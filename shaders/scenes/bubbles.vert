// Where the spheres are: the same for every pixel, so found once for each corner.
#include "common.glsl"

const int COUNT = 9;

uniform float u_aspect;
uniform float u_size;
uniform vec4 u_clock;    // rounds of 40, 20, 10 and 5 s
uniform vec3 u_bands;
noperspective out vec2 v_uv;
noperspective out vec2 v_place;  // centred, screen heights
flat out vec4 v_bubbles[COUNT];

void main() {
    for (int i = 0; i < COUNT; i++) {
        float seed = float(i);
        vec2 chance = hash22(vec2(seed, 3.0)), other = hash22(vec2(seed, 11.0));
        float turn = TAU * (u_clock.x * (chance.x < 0.5 ? 1.0 : -1.0) + chance.y);
        float up = fract(u_clock.x * (1.0 + floor(other.x * 2.0)) + other.y);
        float radius = mix(0.05, 0.20, chance.x * chance.x) * mix(0.5, 1.9, u_size);
        radius *= 1.0 + 0.16 * (i % 3 == 0 ? u_bands.x : i % 3 == 1 ? u_bands.y : u_bands.z);
        vec2 middle = vec2((chance.y - 0.5) * (u_aspect + 0.2) + 0.08 * sin(turn), mix(0.5 + radius, -0.5 - radius, up) * 1.04);
        middle.y += 0.02 * sin(2.0 * turn + seed);
        v_bubbles[i] = vec4(middle, radius, u_clock.y + chance.x);
    }
    v_uv = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
    v_place = (v_uv - 0.5) * vec2(u_aspect, 1.0);
    gl_Position = vec4(v_uv * 2.0 - 1.0, 0.0, 1.0);
}
