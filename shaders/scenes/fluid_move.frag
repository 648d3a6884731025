// Fluid 1: carry the velocity along itself (Stam 1999), push it where onsets ring and stir it with the bass.
// o_velocity: xy screen heights per second.
#include "lib/noise.glsl"

uniform sampler2D u_velocity;
uniform sampler2D u_picture;
uniform float u_aspect;
uniform float u_dt;
uniform float u_push;
uniform vec4 u_clock;    // rounds of 40, 20, 10 and 5 s
uniform vec3 u_bands;
uniform vec4 u_rings[4]; // centre xy, radius, strength
noperspective in vec2 v_uv;
noperspective in vec2 v_place;
out vec4 o_velocity;

void main() {
    vec2 to_uv = vec2(1.0 / u_aspect, 1.0);
    vec2 v = texture(u_velocity, v_uv).xy;
    v = texture(u_velocity, v_uv - v * u_dt * to_uv).xy * exp(-0.35 * u_dt);
    for (int i = 0; i < 4; i++) {
        vec2 away = v_place - u_rings[i].xy;
        float far = length(away);
        float front = (far - u_rings[i].z * 0.5) / 0.09;
        v += away / (far + 0.02) * exp(-front * front) * u_rings[i].w * u_push * 9.0 * u_dt;
    }
    // Two paddles on their rounds, one each way.
    for (int i = 0; i < 2; i++) {
        float turn = TAU * (i == 0 ? u_clock.x : u_clock.y) * (i == 0 ? 1.0 : -1.0) + 2.1 * float(i);
        vec2 at = vec2(0.30 * u_aspect * cos(turn), 0.30 * sin(turn * 2.0));
        vec2 way = vec2(-0.30 * u_aspect * sin(turn), 0.60 * cos(turn * 2.0));
        vec2 away = v_place - at;
        float near = exp(-dot(away, away) / 0.02);
        v += (way * 1.6 + vec2(-away.y, away.x) * 12.0 * (i == 0 ? 1.0 : -1.0)) * near * u_push * (0.25 + 2.2 * u_bands.x) * u_dt;
    }
    // Bright paint rises, dark sinks: a little, so that nothing ever stands.
    float light = luma(texture(u_picture, v_uv).rgb);
    v.y -= (light - 0.45) * (0.10 + 0.5 * u_bands.y) * u_push * u_dt;
    vec2 rim = smoothstep(vec2(0.0), vec2(0.03), 0.5 - abs(v_uv - 0.5));
    o_velocity = vec4(clamp(v, -3.0, 3.0) * rim, 0.0, 1.0);
}
