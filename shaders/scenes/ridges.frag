// The picture as a land: a line for each row of it, as high as the picture is bright, near ones before far ones.
#include "common.glsl"

uniform sampler2D u_picture;
uniform sampler2D u_small;
uniform float u_aspect;
uniform float u_pitch;   // screen heights
uniform float u_height;  // screen heights
uniform float u_amount;
uniform float u_pixel;   // screen heights
noperspective in vec2 v_uv;
noperspective in vec2 v_place;
out vec4 o_color;

const int ROWS = 12;

float land(float x, float row) {
    vec2 uv = vec2(x / u_aspect + 0.5, clamp(row * u_pitch, 0.01, 0.99));
    float light = luma(texture(u_small, uv).rgb);
    float middle = 1.0 - smoothstep(0.25, 0.62, abs(x / u_aspect) * 1.25);
    return (0.12 + 0.88 * light * light * middle) * light * u_height;
}

void main() {
    vec3 plain = texture(u_picture, v_uv).rgb;
    float y = v_uv.y;
    float nearest = floor((y + u_height) / u_pitch);
    vec3 c = vec3(0.0);
    float covered = 0.0;
    // The nearest row that lies above this place covers it: none behind it is looked at.
    for (int i = 0; i < ROWS && covered < 0.5; i++) {
        float row = nearest - float(i);
        float top = row * u_pitch - land(v_place.x, row);
        if (y >= top - 2.0 * u_pixel) {
            vec3 tone = texture(u_small, vec2(v_uv.x, clamp(row * u_pitch, 0.01, 0.99))).rgb;
            float high = (row * u_pitch - top) / u_height;
            float line = 0.0;
            if (y < top + 24.0 * u_pixel) {
                float slope = (land(v_place.x + 2.0 * u_pixel, row) - land(v_place.x - 2.0 * u_pixel, row)) / (4.0 * u_pixel);
                float away = abs(y - top) * inversesqrt(1.0 + slope * slope);
                float thick = mix(1.0, 1.9, high) * max(u_pixel, 1.0 / 900.0);
                line = smoothstep(thick + u_pixel, thick - 0.4 * u_pixel, away);
            }
            float deep = clamp((y - top) / (u_pitch + u_height), 0.0, 1.0);
            vec3 flesh = tone * (0.34 * exp(-7.0 * deep) + 0.05);
            vec3 bright = tone / max(max(tone.r, max(tone.g, tone.b)), 0.05);
            c = mix(flesh, mix(tone, bright, 0.55) * mix(0.6, 1.25, high), line);
            covered = y >= top ? 1.0 : 0.0;
        }
    }
    o_color = vec4(mix(plain, clamp(c, 0.0, 1.0), u_amount), 1.0);
}
