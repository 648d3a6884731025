// The pattern as a skin over the painting: it stands out, is lit from above, and bends what lies below.
#include "lib/tone.glsl"

uniform sampler2D u_picture;
uniform sampler2D u_state;
uniform float u_amount;
uniform float u_relief;
noperspective in vec2 v_uv;
out vec4 o_color;

float height(vec2 at) {
    return smoothstep(0.05, 0.38, texture(u_state, at).y);
}

void main() {
    vec2 pixel = 1.4 / vec2(textureSize(u_state, 0));
    vec2 slope = vec2(height(v_uv + vec2(pixel.x, 0.0)) - height(v_uv - vec2(pixel.x, 0.0)),
        height(v_uv + vec2(0.0, pixel.y)) - height(v_uv - vec2(0.0, pixel.y)));
    float high = height(v_uv);
    vec3 plain = texture(u_picture, v_uv).rgb;
    vec3 bent = texture(u_picture, v_uv - slope * 0.012 * u_relief).rgb;
    float light = luma(bent);
    // The skin takes the light it stands on, turned over: pattern on pale ground is dark, on dark ground bright.
    vec3 skin = at_luma(bent + 0.04, mix(light + 0.42, max(light - 0.38, 0.05), smoothstep(0.35, 0.6, light)));
    vec3 normal = normalize(vec3(-slope * 2.2 * u_relief, 1.0));
    float lit = dot(normal, normalize(vec3(-0.5, -0.65, 0.6))) - 0.6;
    float shine = pow(max(dot(normal, normalize(vec3(-0.35, -0.5, 0.8))), 0.0), 24.0) * length(slope);
    vec3 c = mix(bent, skin, high) * (1.0 + 0.5 * lit * u_relief) + 0.25 * shine * u_relief;
    o_color = vec4(mix(plain, max(c, 0.0), u_amount), 1.0);
}
