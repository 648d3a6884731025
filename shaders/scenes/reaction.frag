// Reaction and diffusion of two matters (Gray and Scott 1984): one step. Where the painting is dark the pattern feeds, and
// onsets drop seeds. o_state: x how much of the first is used up, y the second.
#include "common.glsl"

uniform sampler2D u_state;
uniform sampler2D u_picture;
uniform float u_feed;     // 0 spots .. 1 holes
uniform float u_seed;     // another number in every frame
uniform float u_drop;     // 0..1, of onsets
uniform vec4 u_rings[4];
uniform float u_flow;
noperspective in vec2 v_uv;
noperspective in vec2 v_place;
out vec4 o_state;

void main() {
    vec2 pixel = 1.0 / vec2(textureSize(u_state, 0));
    vec2 here = texture(u_state, v_uv).xy;
    vec2 near = texture(u_state, v_uv + vec2(pixel.x, 0.0)).xy + texture(u_state, v_uv - vec2(pixel.x, 0.0)).xy
        + texture(u_state, v_uv + vec2(0.0, pixel.y)).xy + texture(u_state, v_uv - vec2(0.0, pixel.y)).xy;
    vec2 far = texture(u_state, v_uv + pixel).xy + texture(u_state, v_uv - pixel).xy
        + texture(u_state, v_uv + pixel * vec2(1.0, -1.0)).xy + texture(u_state, v_uv - pixel * vec2(1.0, -1.0)).xy;
    vec2 spread = 0.2 * near + 0.05 * far - here;
    float light = luma(texture(u_picture, v_uv).rgb);
    float where = clamp(u_feed + 0.7 * (light - 0.5), 0.0, 1.0);
    float feed = mix(0.030, 0.046, where), kill = mix(0.0615, 0.0625, where);
    float u = 1.0 - here.x, v = here.y;
    float eaten = u * v * v;
    u += 1.0 * spread.x * -1.0 - eaten + feed * (1.0 - u);
    v += 0.5 * spread.y + eaten - (feed + kill) * v;
    vec2 cell = floor(v_place * 26.0);
    vec2 off = fract(v_place * 26.0) - 0.5;
    if (hash12(cell + u_seed) > 0.9988 - 0.01 * u_drop && dot(off, off) < 0.05) {
        v = max(v, 0.5);
    }
    for (int i = 0; i < 4; i++) {
        float front = abs(length(v_place - u_rings[i].xy) - u_rings[i].z);
        v = max(v, 0.4 * step(front, 0.006) * step(0.25, u_rings[i].w) * step(0.55, hash12(floor(v_place * 60.0))));
    }
    o_state = vec4(clamp(1.0 - u, 0.0, 1.0), clamp(v, 0.0, 1.0), 0.0, 1.0);
}
