// A stroke as a mark: two triangles along the picture's own edges. Broad ones first, then finer ones where there is detail.
#include "lib/noise.glsl"

uniform sampler2D u_picture;
uniform sampler2D u_tangent;
uniform float u_aspect;
uniform float u_size;     // width of a broad stroke, screen heights
uniform float u_length;   // in widths
uniform float u_impasto;
uniform float u_amount;
uniform ivec3 u_counts;   // strokes of each breadth
uniform ivec3 u_columns;
noperspective out vec2 v_at;     // -1..1 along and across
flat out vec3 v_color;
flat out vec4 v_stroke;   // seed, light along and across, strength
flat out float v_long;

void main() {
    int number = gl_VertexID / 6, corner = gl_VertexID % 6;
    int breadth = 0;
    if (number >= u_counts.x) {
        number -= u_counts.x;
        breadth = 1;
        if (number >= u_counts.y) {
            number -= u_counts.y;
            breadth = 2;
        }
    }
    int count = breadth == 0 ? u_counts.x : breadth == 1 ? u_counts.y : u_counts.z;
    int columns = breadth == 0 ? u_columns.x : breadth == 1 ? u_columns.y : u_columns.z;
    // Neighbours are not laid one after the other: 7919 is prime to every count below it and to most above.
    int index = int((uint(number) * 7919u) % uint(count));
    vec2 cell = vec2(index % columns, index / columns);
    float seed = hash12(cell + 71.0 * float(breadth));
    vec2 at = (cell + 0.5 + 0.9 * (hash22(cell + 13.0 * float(breadth)) - 0.5)) / vec2(columns, max(count / columns, 1));
    vec4 tangent = textureLod(u_tangent, at, 0.0);
    vec2 along = normalize(tangent.xy + 1e-5);
    float turn = (seed - 0.5) * mix(0.7, 0.25, clamp(tangent.z, 0.0, 1.0));
    along = vec2(along.x * cos(turn) - along.y * sin(turn), along.x * sin(turn) + along.y * cos(turn));
    float detail = tangent.w * (0.4 + 0.6 * tangent.z);
    float wanted = breadth == 0 ? 1.0 : (breadth == 1 ? smoothstep(0.012, 0.03, detail * (0.6 + 0.8 * seed)) : smoothstep(0.04, 0.07, detail * (0.6 + 0.8 * seed)));
    float width = 0.5 * u_size * (breadth == 0 ? 1.5 : breadth == 1 ? 0.85 : 0.45) * mix(0.8, 1.2, hash12(cell + 3.0));
    float length_ = width * u_length * mix(0.75, 1.25, seed) * (breadth == 2 ? 0.8 : 1.0);
    v_long = length_ / width;
    v_at = vec2((corner == 1 || corner == 2 || corner == 4) ? 1.0 : -1.0, (corner == 2 || corner == 4 || corner == 5) ? 1.0 : -1.0);
    vec2 place = (at - 0.5) * vec2(u_aspect, 1.0) + along * v_at.x * length_ + vec2(-along.y, along.x) * v_at.y * width;
    vec3 c = textureLod(u_picture, at, 0.0).rgb;
    float tone = (hash12(cell + 29.0) - 0.5);
    c *= 1.0 + 0.16 * tone;
    c += 0.03 * (hash22(cell + 41.0).xyx - 0.5);
    v_color = clamp(c, 0.0, 1.0);
    const vec2 from = vec2(-0.62, -0.78);
    v_stroke = vec4(seed, dot(from, along), dot(from, vec2(-along.y, along.x)), wanted);
    gl_Position = wanted < 0.03 ? vec4(2.0, 2.0, 2.0, 1.0) : vec4(2.0 * place / vec2(u_aspect, 1.0), 0.0, 1.0);
}
