// Spheres of glass before the painting: each turns it over, is bright at its rim and thin as soap.
#include "lib/oklab.glsl"
#include "lib/warp.glsl"

const int COUNT = 9;

uniform sampler2D u_picture;
uniform float u_aspect;
uniform float u_amount;
flat in vec4 v_bubbles[COUNT];  // middle, radius, turn of the colours
noperspective in vec2 v_uv;
noperspective in vec2 v_place;
out vec4 o_color;

void main() {
    vec3 plain = texture(u_picture, v_uv).rgb;
    vec3 c = plain;
    for (int i = 0; i < COUNT; i++) {
        vec2 middle = v_bubbles[i].xy;
        float radius = v_bubbles[i].z;
        vec2 to = (v_place - middle) / radius;
        float far = dot(to, to);
        if (far < 1.0) {
            float high = sqrt(1.0 - far);
            // Light through a ball comes out turned over, the more the nearer the rim.
            vec2 bent = middle - to * radius * mix(2.6, 0.9, high);
            vec3 inside = texture(u_picture, on_picture(bent, u_aspect)).rgb;
            float rim = pow(1.0 - high, 3.0);
            vec3 film = palette_oklab(0.8, 0.11, 1.3 * high + 0.4 * to.y + v_bubbles[i].w);
            vec3 normal = vec3(to, high);
            float shine = pow(max(dot(normal, normalize(vec3(-0.45, -0.6, 0.66))), 0.0), 60.0);
            float below = pow(max(dot(normal, normalize(vec3(0.5, 0.62, 0.35))), 0.0), 10.0);
            inside = inside * (0.92 - 0.35 * rim) + film * (0.06 + 0.75 * rim) * (0.35 + luma(plain)) + 0.9 * shine + 0.16 * below * film;
            c = mix(c, inside, smoothstep(1.0, 0.97, far));
        } else {
            // Its shadow falls down and to the right.
            vec2 away = (v_place - middle - radius * vec2(0.25, 0.32)) / radius;
            c *= 1.0 - 0.28 * smoothstep(1.3, 0.5, dot(away, away));
        }
    }
    o_color = vec4(mix(plain, c, u_amount), 1.0);
}
