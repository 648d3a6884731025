// Lay the rays over the lit picture, as projectors add light.
#include "lib/tone.glsl"

uniform sampler2D u_picture;
uniform sampler2D u_rays;
uniform vec3 u_tint;
uniform float u_amount;
noperspective in vec2 v_uv;
out vec4 o_color;

void main() {
    vec3 c = texture(u_picture, v_uv).rgb;
    vec3 rays = texture(u_rays, v_uv).rgb;
    o_color = vec4(screened(c * (1.0 - 0.30 * u_amount), rays * u_tint * 1.9 * u_amount), 1.0);
}
