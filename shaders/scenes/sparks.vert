// A particle as a mark: two triangles, drawn out along its way.
#include "common.glsl"

uniform sampler2D u_sparks;
uniform sampler2D u_before;
uniform sampler2D u_picture;
uniform float u_aspect;
uniform float u_size;    // screen heights
noperspective out vec2 v_at;
flat out vec3 v_color;

void main() {
    int number = gl_VertexID / 6, corner = gl_VertexID % 6;
    int across = textureSize(u_sparks, 0).x;
    vec4 spark = texelFetch(u_sparks, ivec2(number % across, number / across), 0);
    vec4 before = texelFetch(u_before, ivec2(number % across, number / across), 0);
    vec2 way = (spark.xy - before.xy) * vec2(u_aspect, 1.0);
    float far = length(way);
    if (far > 0.06) {
        way = vec2(0.0);
        far = 0.0;
    }
    vec2 along = far > 1e-5 ? way / far : vec2(1.0, 0.0);
    v_at = vec2((corner == 1 || corner == 2 || corner == 4) ? 1.0 : -1.0, (corner == 2 || corner == 4 || corner == 5) ? 1.0 : -1.0);
    float grown = smoothstep(0.0, 0.6, spark.z) * u_size * mix(0.6, 1.5, hash12(vec2(number, 5.0)));
    vec2 place = (spark.xy - 0.5) * vec2(u_aspect, 1.0) - 0.5 * way;
    place += along * v_at.x * (grown + 0.5 * far) + vec2(-along.y, along.x) * v_at.y * grown;
    vec3 c = textureLod(u_picture, spark.xy, 0.0).rgb;
    float light = max(max(c.r, c.g), max(c.b, 0.08));
    v_color = pow(c / light, vec3(1.8)) * 0.8 * smoothstep(0.0, 0.6, spark.z);
    gl_Position = vec4(2.0 * place / vec2(u_aspect, 1.0), 0.0, 1.0);
}
