// Which way the brush goes: along the edges of the picture, wide around; where there are none, along slow curves of
// the painting. o_way: twice the angle in the painting's own turn, as 0.5 + 0.5 (cos, sin).
#include "common.glsl"

noperspective in vec2 v_uv;
noperspective in vec2 v_place;
uniform sampler2D u_small;
uniform mat2 u_turn;  // rotation and zoom of the view
uniform vec2 u_pan;   // screen heights
out vec4 o_way;

void main() {
    ivec2 last = textureSize(u_small, 0) - 1;
    ivec2 at = ivec2(v_uv * vec2(last + 1));
    int apart = max(1, last.y / 54);
    float light[25];
    for (int i = 0; i < 25; i++) {
        light[i] = luma(texelFetch(u_small, clamp(at + apart * ivec2(i % 5 - 2, i / 5 - 2), ivec2(0), last), 0).rgb);
    }
    vec3 sum = vec3(0.0);
    for (int i = 0; i < 9; i++) {
        int middle = 6 + i % 3 + 5 * (i / 3);
        vec2 slope = vec2(light[middle + 1] - light[middle - 1], light[middle + 5] - light[middle - 5]);
        sum += vec3(slope.x * slope.x - slope.y * slope.y, 2.0 * slope.x * slope.y, dot(slope, slope));
    }
    // Along an edge is across its slope: half a turn further, twice over.
    vec2 along = -sum.xy;
    vec2 round = normalize(u_turn[0]);
    vec2 turn = vec2(round.x * round.x - round.y * round.y, 2.0 * round.x * round.y);
    along = vec2(along.x * turn.x - along.y * turn.y, along.x * turn.y + along.y * turn.x);
    vec2 p = u_turn * v_place + u_pan;
    float angle = 2.2 * sin(1.5 * p.x + 1.2 * p.y) + 1.4 * sin(2.1 * p.y - 1.2 * p.x + 1.0);
    vec2 free = vec2(cos(angle), sin(angle));
    vec2 way = along + (0.0006 + 0.18 * sum.z) * free;
    o_way = vec4(0.5 + 0.5 * normalize(way + 1e-6), 0.0, 1.0);
}
