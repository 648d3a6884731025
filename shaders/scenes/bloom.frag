// Bloom 2: rims of six widths, each half as strong as the last; halation is the red part that film throws back.
#include "lib/tone.glsl"

uniform sampler2D u_picture;
uniform sampler2D u_bright;
uniform float u_amount;
uniform float u_halation;
uniform float u_aspect;
noperspective in vec2 v_uv;
out vec4 o_color;

// Four reads around, so that the blocks of the small copies do not show.
vec4 wide(float level) {
    vec2 off = 0.6 * exp2(level) / vec2(textureSize(u_bright, 0));
    return 0.25 * (textureLod(u_bright, v_uv + off, level) + textureLod(u_bright, v_uv - off, level)
        + textureLod(u_bright, v_uv + off * vec2(1.0, -1.0), level) + textureLod(u_bright, v_uv - off * vec2(1.0, -1.0), level));
}

void main() {
    vec3 c = texture(u_picture, v_uv).rgb;
    vec4 near = wide(1.0), middle = wide(2.5), far = wide(4.0), farthest = wide(5.3);
    vec3 bloom = 0.30 * near.rgb + 0.45 * middle.rgb + 0.55 * far.rgb + 0.6 * farthest.rgb;
    c = screened(c, bloom * u_amount * 0.75);
    float red = max(0.75 * near.a + 0.55 * middle.a + 0.25 * far.a - 0.55 * luma(c), 0.0);
    c = screened(c, vec3(1.0, 0.24, 0.06) * red * u_halation);
    o_color = vec4(c, 1.0);
}
