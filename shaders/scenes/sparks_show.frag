// The traces of the particles as light over the picture, which steps back for them.
#include "lib/tone.glsl"

uniform sampler2D u_picture;
uniform sampler2D u_traces;
uniform float u_amount;
noperspective in vec2 v_uv;
out vec4 o_color;

void main() {
    vec3 c = texture(u_picture, v_uv).rgb;
    vec3 light = texture(u_traces, v_uv).rgb;
    light = light / (1.0 + 0.7 * max(light.r, max(light.g, light.b)));
    o_color = vec4(c * (1.0 - 0.72 * u_amount) + light * u_amount, 1.0);
}
