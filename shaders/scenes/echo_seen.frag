// Measured motion 1: brightness now and in the last frame.
#include "common.glsl"

uniform sampler2D u_picture;
uniform sampler2D u_seen;
noperspective in vec2 v_uv;
out vec4 o_seen;

void main() {
    vec2 pixel = 0.5 / vec2(textureSize(u_seen, 0));
    float light = 0.25 * (luma(texture(u_picture, v_uv + pixel * vec2(-0.5, -0.5)).rgb) + luma(texture(u_picture, v_uv + pixel * vec2(0.5, -0.5)).rgb)
        + luma(texture(u_picture, v_uv + pixel * vec2(-0.5, 0.5)).rgb) + luma(texture(u_picture, v_uv + pixel * vec2(0.5, 0.5)).rgb));
    o_seen = vec4(min(light, 1.5), texelFetch(u_seen, ivec2(gl_FragCoord.xy), 0).x, 0.0, 1.0);
}
