// Ink on wet paper: it runs where the paper is wet and its fibres lead, and dries. o_ink: x wet ink, y water, z dry ink.
#include "lib/noise.glsl"

uniform sampler2D u_ink;
uniform sampler2D u_picture;
uniform float u_aspect;
uniform float u_dt;
uniform float u_spread;
uniform float u_drop;     // 0..1, of onsets
uniform vec3 u_bands;
uniform vec4 u_rings[4];
uniform float u_seed;
noperspective in vec2 v_uv;
noperspective in vec2 v_place;
out vec4 o_ink;

void main() {
    vec2 pixel = 1.0 / vec2(textureSize(u_ink, 0));
    vec2 fibre = fbm_slope(v_place * 13.0, 0.15);
    vec4 ink = texture(u_ink, v_uv);
    float reach = mix(1.0, 3.2, u_spread);
    vec3 around = vec3(0.0);
    float inflow = 0.0;
    for (int i = 0; i < 6; i++) {
        float angle = TAU * (float(i) + 0.25) / 6.0;
        vec2 way = vec2(cos(angle), sin(angle));
        vec3 there = texture(u_ink, v_uv + way * reach * pixel).xyz;
        // Ink comes from where it is wetter, the easier the more the fibres point this way.
        float lead = clamp(0.55 - 0.55 * dot(fibre, way), 0.1, 1.3);
        around += there / 6.0;
        inflow += lead * (there.x - ink.x) * clamp(there.y * 2.0, 0.0, 1.0) / 6.0;
    }
    float rate = min(30.0 * u_dt, 1.0);
    float wet = ink.x + rate * 1.4 * inflow;
    float water = mix(ink.y, around.y, 0.55 * rate);
    float dark = 1.0 - luma(texture(u_picture, v_uv).rgb);
    float line = smoothstep(0.5, 0.8, dark + 0.25 * (noise(v_place * 9.0 + u_seed * 0.01) - 0.5));
    wet += line * (0.25 + 2.2 * u_bands.x + 1.4 * u_bands.y) * u_dt * 0.8;
    water += line * (0.5 + 2.0 * u_bands.x) * u_dt;
    for (int i = 0; i < 4; i++) {
        vec2 away = v_place - u_rings[i].xy * vec2(1.5, 1.2);
        float drop = smoothstep(0.05, 0.01, length(away) * (1.0 + 0.9 * (noise(away * 22.0 + u_rings[i].xy * 50.0) - 0.5)));
        float fresh = step(u_rings[i].z, 0.12) * step(0.0, u_rings[i].z) * u_rings[i].w;
        wet += drop * fresh * 7.0 * u_dt;
        water += drop * fresh * 20.0 * u_dt;
    }
    // Pigment is left where the water ends.
    float rim = max(ink.y - water, 0.0);
    float dries = wet * (1.0 - exp(-(0.9 + 7.0 * rim) * u_dt));
    float dry = (ink.z + dries) * exp(-0.22 * u_dt);
    o_ink = vec4(clamp(wet - dries, 0.0, 2.0), clamp(water * exp(-0.8 * u_dt), 0.0, 1.5), clamp(dry, 0.0, 2.0), 1.0);
}
