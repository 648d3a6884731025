// The picture within itself.
#include "lib/warp.glsl"

uniform sampler2D u_picture;
uniform float u_aspect;
uniform float u_arms;
uniform float u_fallen;  // rounds, 0..1
uniform float u_amount;
noperspective in vec2 v_uv;
noperspective in vec2 v_place;
out vec4 o_color;

void main() {
    // Between whole numbers of arms the seam lies behind, where few look.
    vec2 p = droste(v_place, 5.0, round(u_arms), u_fallen);
    vec3 c = texture(u_picture, on_picture(p, u_aspect)).rgb;
    float depth = smoothstep(0.0, 0.09, length(v_place));
    o_color = vec4(mix(texture(u_picture, v_uv).rgb, c * mix(0.45, 1.0, depth), u_amount), 1.0);
}
