// Finish, at the size of the picture: lens, canvas, grain. Set by the engine: SPLIT, CANVAS (0 or 1).
#include "common.glsl"

noperspective in vec2 v_uv;
noperspective in vec2 v_place;
uniform sampler2D u_lit;
uniform float u_split;
uniform float u_canvas;
uniform float u_weave;  // threads in a screen height
uniform float u_grain;
uniform float u_grain_seed;
uniform float u_brightness;
out vec4 o_color;

void main() {
    vec3 c = texture(u_lit, v_uv).rgb;
#if SPLIT
    vec2 shift = (v_uv - 0.5) * u_split * 0.03 * (0.3 + dot(v_place, v_place));
    c.r = texture(u_lit, v_uv + shift).r;
    c.b = texture(u_lit, v_uv - shift).b;
#endif
    float light = 1.0;
#if CANVAS
    vec2 weave = v_place * u_weave;
    vec2 number = floor(weave);
    // Threads are round, pass over and under each other, and no two are quite alike.
    vec2 thread = weave - number - 0.5;
    thread = (1.0 - 4.0 * thread * thread) * (0.35 + 0.65 * fract(number.yx * vec2(0.618034, 0.754878)));
    float over = step(0.5, fract(0.5 * (number.x + number.y)));
    light += u_canvas * (mix(thread.x, thread.y, over) - 0.42) * 0.3;
#endif
    float grain = (hash12(gl_FragCoord.xy + u_grain_seed) - 0.5) * u_grain;
    c = c * (light + 0.16 * grain) + 0.04 * grain;
    o_color = vec4(clamp(c, 0.0, 1.0) * u_brightness, 1.0);
}
