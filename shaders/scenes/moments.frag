// Wash 1: mean colour of a small neighbourhood, and in alpha how much it varies.
#include "common.glsl"

uniform sampler2D u_picture;
uniform float u_step;  // pixels
noperspective in vec2 v_uv;
out vec4 o_color;

void main() {
    vec2 pixel = u_step / vec2(textureSize(u_picture, 0));
    vec3 sum = vec3(0.0);
    vec3 squares = vec3(0.0);
    for (int y = -1; y <= 1; y++) {
        for (int x = -1; x <= 1; x++) {
            vec3 c = texture(u_picture, v_uv + vec2(x, y) * pixel).rgb;
            sum += c;
            squares += c * c;
        }
    }
    sum /= 9.0;
    vec3 variance = max(squares / 9.0 - sum * sum, 0.0);
    o_color = vec4(sum, variance.r + variance.g + variance.b);
}
