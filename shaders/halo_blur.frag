// Glow 2 and 3: keep what is bright, blur along one axis. Set by the engine: FIRST (1 for the first of the two).
uniform sampler2D u_source;
uniform ivec2 u_step;
#if FIRST
uniform sampler2D u_levels;
const float THRESHOLD = 0.6;
#endif
out vec4 o_color;

void main() {
    ivec2 last = textureSize(u_source, 0) - 1;
    ivec2 at = ivec2(gl_FragCoord.xy);
    vec3 sum = vec3(0.0);
#if FIRST
    vec2 levels = texelFetch(u_levels, ivec2(0), 0).xy;
#endif
    float total = 0.0;
    for (int i = -6; i <= 6; i += 2) {
        float weight = 1.0 - float(i * i) / 50.0;
        vec3 c = texelFetch(u_source, clamp(at + i * u_step, ivec2(0), last), 0).rgb;
#if FIRST
        c = max(c * levels.x + levels.y - THRESHOLD, 0.0) / (1.0 - THRESHOLD);
#endif
        sum += weight * c;
        total += weight;
    }
    o_color = vec4(sum / total, 1.0);
}
