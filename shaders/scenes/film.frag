// Film: grain in clumps, most in the middle tones; dust and hairs; a gate that breathes; faded as an old print.
#include "lib/noise.glsl"

uniform sampler2D u_picture;
uniform float u_aspect;
uniform float u_amount;
uniform float u_seed;    // another number 24 times a second
uniform vec2 u_gate;     // screen heights
uniform float u_pixel;   // screen heights
noperspective in vec2 v_uv;
noperspective in vec2 v_place;
out vec4 o_color;

const float FINE = 420.0, COARSE = 155.0;  // clumps in a screen height

void main() {
    vec2 at = v_uv + u_amount * u_gate * vec2(1.0 / u_aspect, 1.0);
    vec3 plain = texture(u_picture, at).rgb;
    float light = luma(plain);
    vec2 p = v_place * FINE + u_seed * vec2(17.3, 9.1);
    vec3 grain = vec3(noise(p), noise(p + 57.0), noise(p + 111.0)) - 0.5;
    float coarse = noise(p * (COARSE / FINE) + 31.0) - 0.5;
    // A pixel that holds many clumps shows their mean; a sample of one would make a small picture flash.
    vec2 strength = 1.0 / max(vec2(FINE, COARSE) * u_pixel, 1.0);
    grain = mix(vec3(grain.x), grain, 0.45) * strength.x + 0.35 * coarse * strength.y;
    vec3 c = plain + grain * 0.12 * (0.25 + 2.2 * light * (1.0 - light));
    // Prints fade to warm blacks and a tender shoulder.
    c = mix(c, c * vec3(1.04, 0.99, 0.88) + vec3(0.045, 0.028, 0.035), 0.9);
    vec2 cell = floor(v_place * 5.0);
    vec2 speck = fract(v_place * 5.0) - hash22(cell + u_seed);
    float dust = step(0.965, hash12(cell + u_seed * 1.7)) * smoothstep(0.035, 0.015, length(speck * vec2(1.0, 0.6 + hash12(cell))));
    float column = floor((v_place.x + 1.0) * 160.0);
    float scratch = step(0.9975, hash12(vec2(column, floor(u_seed * 0.13)))) * (0.5 + 0.5 * noise(vec2(column, v_place.y * 5.0 + u_seed)));
    c = mix(c, vec3(0.92, 0.9, 0.84), 0.75 * dust) + 0.10 * scratch;
    vec2 corner = max(abs(v_place) - vec2(0.5 * u_aspect, 0.5) + 0.055, 0.0);
    float gate = smoothstep(0.055, 0.050, length(corner));
    c *= mix(0.05, 1.0, gate);
    o_color = vec4(mix(texture(u_picture, v_uv).rgb, clamp(c, 0.0, 1.0), u_amount), 1.0);
}
