// Measured motion 3: the echo goes on the way that the picture moved, and its colours drift apart as it ages.
#include "common.glsl"

uniform sampler2D u_picture;
uniform sampler2D u_echo;
uniform sampler2D u_moves;
uniform float u_reach;
uniform float u_keep;
noperspective in vec2 v_uv;
out vec4 o_echo;

void main() {
    vec2 move = texture(u_moves, v_uv).xy / vec2(textureSize(u_moves, 0)) * u_reach;
    vec3 old = vec3(texture(u_echo, v_uv - move * 0.94).r, texture(u_echo, v_uv - move).g, texture(u_echo, v_uv - move * 1.07).b);
    vec3 now = texture(u_picture, v_uv).rgb;
    // The picture takes hold again where it stands still.
    float still = 1.0 - smoothstep(0.0, 0.25, length(texture(u_moves, v_uv).xy));
    o_echo = vec4(mix(now, old, u_keep * (1.0 - 0.5 * still)), 1.0);
}
