// Painting 3 and 4: the generator's picture enlarged along one axis, then the other, with a Catmull-Rom kernel.
// o_color.a: white noise, from which the next pass draws bristles.
#include "common.glsl"

uniform sampler2D u_picture;
uniform ivec2 u_axis;    // (1, 0) or (0, 1)
uniform float u_share;   // pixels of the source per pixel of the target along the axis
out vec4 o_color;

void main() {
    ivec2 last = textureSize(u_picture, 0) - 1;
    ivec2 cell = ivec2(gl_FragCoord.xy);
    float at = dot(gl_FragCoord.xy, vec2(u_axis)) * u_share - 0.5;
    float base = floor(at);
    float t = at - base, t2 = t * t, t3 = t2 * t;
    vec4 weights = 0.5 * vec4(2.0 * t2 - t3 - t, 3.0 * t3 - 5.0 * t2 + 2.0, 4.0 * t2 - 3.0 * t3 + t, t3 - t2);
    ivec2 across = cell * (1 - u_axis);
    ivec2 along = u_axis * int(base);
    vec3 sum = weights.x * texelFetch(u_picture, clamp(across + along - u_axis, ivec2(0), last), 0).rgb;
    sum += weights.y * texelFetch(u_picture, clamp(across + along, ivec2(0), last), 0).rgb;
    sum += weights.z * texelFetch(u_picture, clamp(across + along + u_axis, ivec2(0), last), 0).rgb;
    sum += weights.w * texelFetch(u_picture, clamp(across + along + 2 * u_axis, ivec2(0), last), 0).rgb;
    o_color = vec4(clamp(sum, 0.0, 1.0), hash12(vec2(cell)));
}
