// Glow 1: a quarter-size copy of the scene.
uniform sampler2D u_scene;
out vec4 o_color;

void main() {
    ivec2 last = textureSize(u_scene, 0) - 1;
    ivec2 at = ivec2(gl_FragCoord.xy) * 4;
    vec3 sum = vec3(0.0);
    for (int y = 0; y < 2; y++) {
        for (int x = 0; x < 2; x++) {
            sum += texelFetch(u_scene, min(at + ivec2(x, y) * 2 + ivec2(y, 1 - x), last), 0).rgb;
        }
    }
    o_color = vec4(sum * 0.25, 1.0);
}
