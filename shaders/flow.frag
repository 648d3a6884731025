// Flow: a coarse map of how the view is bent, by curl noise (low bands slow and wide, high bands fast and fine) and by
// the rings of onsets. o_flow: xy displacement in screen heights, z light of the rings.
#include "common.glsl"

noperspective in vec2 v_uv;
uniform float u_aspect;
uniform float u_time;    // of the flow, seconds at speed 1, 0 .. ROUND
uniform float u_round;   // whole rounds before u_time
uniform vec2 u_wide;     // cells by which the two lattices went on in those rounds, less whole tiles
uniform vec2 u_fine;
uniform float u_scale;
uniform float u_swell;   // displacement in screen heights
uniform float u_ripple;  // displacement in screen heights
uniform vec4 u_rings[4]; // centre xy, radius, strength
out vec4 o_flow;

const float ROUND = 4000.0;  // both as in the engine
const float TILE = 8192.0;

// Value noise and its slope (Quilez), made to drift by turning its lattice values. Repeats after TILE cells.
float lattice(vec2 cell) {
    cell -= TILE * floor(cell / TILE + 0.5);
    float pace = 0.35 + 0.5 * hash12(cell + 17.3);
    float rounds = TAU * fract(u_round * fract(ROUND * pace / TAU));
    return sin(TAU * hash12(cell + 91.7) + u_time * pace + rounds);
}

// gone: whole cells by which the lattice lies further on.
vec2 slope(vec2 p, vec2 gone) {
    vec2 cell = floor(p), f = p - cell;
    vec2 u = f * f * f * (f * (f * 6.0 - 15.0) + 10.0);
    vec2 du = 30.0 * f * f * (f * (f - 2.0) + 1.0);
    cell += gone;
    float a = lattice(cell), b = lattice(cell + vec2(1.0, 0.0));
    float c = lattice(cell + vec2(0.0, 1.0)), d = lattice(cell + vec2(1.0, 1.0));
    float k = a - b - c + d;
    return du * (vec2(b - a, c - a) + k * u.yx);
}

vec2 curl(vec2 p, vec2 gone) {
    vec2 g = slope(p, gone);
    return vec2(g.y, -g.x);
}

void main() {
    vec2 p = (v_uv - 0.5) * vec2(u_aspect, 1.0);
    vec2 wide = curl(p * 1.3 * u_scale + vec2(0.11, -0.07) * u_time, u_wide);
    wide += 0.5 * curl(p * 2.7 * u_scale + wide * 0.25 + 7.0, vec2(0.0));
    vec2 fine = curl(p * 7.0 * u_scale + vec2(-0.5, 0.8) * u_time + 23.0, u_fine);
    vec2 bent = wide * u_swell + fine * u_ripple;
    float light = 0.0;
    for (int i = 0; i < 4; i++) {
        vec2 away = p - u_rings[i].xy;
        float far = length(away);
        float x = (far - u_rings[i].z) / 0.10;
        float wave = exp(-x * x) * u_rings[i].w;
        bent -= away / (far + 1e-3) * wave * 0.09;
        light += wave;
    }
    o_flow = vec4(bent, light, 1.0);
}
