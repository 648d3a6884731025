// Engraving: lines that follow the form of the picture and swell where it is dark, crossed where it is darkest.
#include "lib/noise.glsl"
#include "lib/warp.glsl"

uniform sampler2D u_picture;
uniform sampler2D u_small;
uniform float u_aspect;
uniform float u_pitch;   // screen heights
uniform float u_amount;
uniform float u_pixel;   // screen heights
noperspective in vec2 v_uv;
noperspective in vec2 v_place;
out vec4 o_color;

// How much ink of lines at this angle lies here: 0..1.
float hatch(float angle, float dark, float form) {
    vec2 p = turning(angle) * v_place;
    float way = p.y + form * 2.2 * u_pitch + 0.12 * u_pitch * noise(p * vec2(14.0, 40.0));
    float to = abs(fract(way / u_pitch) - 0.5) * 2.0;
    float thick = clamp(dark, 0.0, 0.96) + 0.06 * (noise(p / u_pitch * vec2(0.35, 0.9)) - 0.5);
    float soft = 2.6 * u_pixel / u_pitch;
    return smoothstep(soft, -soft, to - thick) * step(0.05, dark);
}

void main() {
    vec3 plain = texture(u_picture, v_uv).rgb;
    vec3 near = texture(u_small, v_uv).rgb;
    float light = clamp(0.5 * luma(near) + 0.5 * luma(plain), 0.0, 1.0);
    float dark = 1.0 - light;
    float ink = hatch(0.62, 1.15 * dark - 0.12, luma(near));
    ink = max(ink, hatch(-0.75, 1.5 * dark - 0.72, luma(near)));
    ink = max(ink, hatch(1.9, 2.4 * dark - 1.75, luma(near)));
    vec3 chroma = near - luma(near);
    vec3 paper = clamp(vec3(0.95, 0.925, 0.87) + 0.30 * chroma, 0.0, 1.0) * (0.97 + 0.05 * noise(v_place * 190.0));
    vec3 plate = clamp(vec3(0.10, 0.10, 0.13) + 0.75 * chroma, 0.02, 0.5);
    vec3 c = mix(paper, plate, ink * (0.93 + 0.07 * noise(v_place * 260.0)));
    o_color = vec4(mix(plain, c, u_amount), 1.0);
}
