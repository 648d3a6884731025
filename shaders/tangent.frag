// Painting 2: smooth the tensor and take its minor eigenvector, the direction along the edges.
// o_tangent: xy unit direction, z anisotropy 0..1, w edge strength.
uniform sampler2D u_tensor;
out vec4 o_tangent;

void main() {
    ivec2 last = textureSize(u_tensor, 0) - 1;
    ivec2 at = ivec2(gl_FragCoord.xy);
    vec3 sum = vec3(0.0);
    for (int y = -1; y <= 1; y++) {
        for (int x = -1; x <= 1; x++) {
            float weight = float((2 - abs(x)) * (2 - abs(y))) / 16.0;
            sum += weight * texelFetch(u_tensor, clamp(at + 2 * ivec2(x, y), ivec2(0), last), 0).rgb;
        }
    }
    float e = sum.x, f = sum.y, g = sum.z;
    float root = sqrt((e - g) * (e - g) + 4.0 * f * f);
    float major = 0.5 * (e + g + root);
    // Two forms of the same vector; the longer one is the accurate one.
    vec2 one = vec2(major - e, -f);
    vec2 two = vec2(-f, major - g);
    vec2 along = dot(one, one) > dot(two, two) ? one : two;
    float size = length(along);
    // Where nothing has an edge, strokes follow a slow curve of their own.
    vec2 uv = vec2(at) / vec2(last);
    float free_angle = 1.1 + 1.4 * sin(2.3 * uv.x + 1.7 * uv.y) + 0.9 * sin(3.1 * uv.y - 1.3 * uv.x);
    vec2 free = vec2(cos(free_angle), sin(free_angle));
    float anisotropy = root / (e + g + 1e-5);
    float trust = anisotropy * smoothstep(0.0, 0.004, major);
    along = size > 1e-6 ? along / size : free;
    along *= dot(along, free) < 0.0 ? -1.0 : 1.0;
    o_tangent = vec4(normalize(mix(free, along, clamp(0.15 + trust, 0.0, 1.0)) + 1e-5), anisotropy, sqrt(major));
}
