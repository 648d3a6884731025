// Blocks that still hold an old picture and slide with what moves: kept apart from the scene. o_color: the damaged film.
#include "common.glsl"

uniform sampler2D u_picture;
uniform sampler2D u_last;
uniform sampler2D u_flow;
uniform float u_aspect;
uniform float u_size;
uniform float u_amount;
uniform float u_beat;    // counts onsets that are felt, 0..255
uniform float u_shake;   // 0..1, of the newest onset
uniform float u_rate;    // share of frames of a thirtieth of a second
noperspective in vec2 v_uv;
noperspective in vec2 v_place;
out vec4 o_color;

void main() {
    vec2 cell = floor(v_place / u_size * vec2(0.5, 1.0));
    float chance = hash12(cell + u_beat * 7.13);
    float row = hash12(vec2(cell.y, u_beat));
    vec2 slide = (hash22(cell + u_beat * 3.7) - 0.5) * u_size * 0.5 * u_shake + texture(u_flow, v_uv).xy * 0.5;
    slide.x += step(0.8, row) * (row - 0.9) * 2.2 * u_size * u_shake;
    vec3 last = texture(u_last, v_uv + slide * u_rate / vec2(u_aspect, 1.0)).rgb;
    vec3 now = texture(u_picture, v_uv).rgb;
    // A block that was hit goes on with the old picture and lets the new one in slowly.
    float stale = step(chance, 0.85 * u_amount);
    float keep = mix(0.35, mix(0.93, 0.985, chance / max(u_amount, 0.1)), stale);
    float change = length(now - last);
    keep *= 1.0 - 0.4 * smoothstep(0.75, 1.2, change);
    // There is nothing old before the first frame.
    keep *= step(0.5, texture(u_last, v_uv).a);
    o_color = vec4(mix(now, last, pow(keep, u_rate)), 1.0);
}
