// Paper, and the ink on it: the picture is only a breath of colour behind.
#include "lib/noise.glsl"

uniform sampler2D u_picture;
uniform sampler2D u_ink;
uniform float u_amount;
uniform float u_aspect;
noperspective in vec2 v_uv;
noperspective in vec2 v_place;
out vec4 o_color;

void main() {
    vec3 plain = texture(u_picture, v_uv).rgb;
    vec2 fibre = vec2(fbm(v_place * 34.0), fbm(v_place * 34.0 + 57.0)) - 0.5;
    fibre += 0.4 * (vec2(noise(v_place * 150.0), noise(v_place * 150.0 + 31.0)) - 0.5);
    vec3 ink = texture(u_ink, v_uv + 0.035 * fibre * vec2(1.0 / u_aspect, 1.0)).xyz;
    float grain = noise(v_place * 210.0) * 0.6 + noise(v_place * vec2(30.0, 320.0)) * 0.4;
    vec3 paper = mix(plain, vec3(0.93), 0.72) * (0.97 + 0.05 * grain);
    float load = ink.x + ink.z;
    load = 1.5 * load / (0.55 + load) * (0.7 + 0.6 * grain);
    vec3 c = paper * exp(-load * mix(vec3(1.9), 2.3 - 1.2 * plain, 0.5));
    c *= 1.0 - 0.05 * smoothstep(0.15, 0.6, ink.y);
    o_color = vec4(mix(plain, c, u_amount), 1.0);
}
