// Measured motion 2: least squares over a window (Lucas and Kanade 1981), leaning on what was measured before.
// o_moves: xy pixels of this picture in a frame.
uniform sampler2D u_seen;
uniform sampler2D u_moves;
noperspective in vec2 v_uv;
out vec4 o_moves;

vec2 at(ivec2 cell) {
    return texelFetch(u_seen, clamp(cell, ivec2(0), textureSize(u_seen, 0) - 1), 0).xy;
}

void main() {
    ivec2 middle = ivec2(gl_FragCoord.xy);
    float xx = 2e-3, xy = 0.0, yy = 2e-3;
    vec2 xt = vec2(0.0);
    for (int j = -2; j <= 2; j++) {
        for (int i = -2; i <= 2; i++) {
            ivec2 c = middle + ivec2(i, j);
            vec2 slope = 0.25 * vec2(dot(at(c + ivec2(1, 0)) - at(c - ivec2(1, 0)), vec2(1.0)),
                dot(at(c + ivec2(0, 1)) - at(c - ivec2(0, 1)), vec2(1.0)));
            vec2 seen = at(c);
            float later = seen.x - seen.y;
            xx += slope.x * slope.x;
            xy += slope.x * slope.y;
            yy += slope.y * slope.y;
            xt += slope * later;
        }
    }
    float area = max(xx * yy - xy * xy, 1e-6);
    vec2 move = -vec2(yy * xt.x - xy * xt.y, xx * xt.y - xy * xt.x) / area;
    move *= min(1.0, 3.0 / (length(move) + 1e-3));
    vec2 before = vec2(0.0);
    for (int j = -1; j <= 1; j++) {
        for (int i = -1; i <= 1; i++) {
            before += texelFetch(u_moves, clamp(middle + ivec2(i, j), ivec2(0), textureSize(u_moves, 0) - 1), 0).xy / 9.0;
        }
    }
    o_moves = vec4(mix(move, before, 0.75), 0.0, 1.0);
}
