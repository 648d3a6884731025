// Bloom 1: what is bright, at half the size; its smaller copies are the bloom.
#include "common.glsl"

uniform sampler2D u_picture;
noperspective in vec2 v_uv;
out vec4 o_color;

void main() {
    vec3 c = texture(u_picture, v_uv).rgb;
    float light = luma(c);
    o_color = vec4(c * smoothstep(0.45, 0.95, light), smoothstep(0.7, 1.0, light));
}
