// Painting 5: draw colour and noise out along the edges (line integral convolution, Cabral and Leedom 1993, as used for
// painterly filtering by Kyprianidis and Kang 2011). o_color.a: height of the bristles, 0..1.
uniform sampler2D u_enlarged;
uniform sampler2D u_tangent;
uniform float u_length;  // of one step, pixels of the target
out vec4 o_color;

const int STEPS = 5;

void main() {
    ivec2 last = textureSize(u_enlarged, 0) - 1;
    vec2 to_tangent = vec2(textureSize(u_tangent, 0)) / vec2(last + 1);
    vec2 start = gl_FragCoord.xy;
    vec2 here = texelFetch(u_tangent, ivec2(start * to_tangent), 0).xy;
    vec4 color = texelFetch(u_enlarged, ivec2(start), 0);
    float total = 1.0;
    for (int side = 0; side < 2; side++) {
        vec2 heading = side == 0 ? here : -here;
        vec2 at = start;
        for (int i = 1; i <= STEPS; i++) {
            at += heading * u_length;
            ivec2 cell = clamp(ivec2(at), ivec2(0), last);
            float weight = 1.0 - float(i) / float(STEPS + 1);
            color += weight * texelFetch(u_enlarged, cell, 0);
            total += weight;
            if (i == 2) {
                vec2 next = texelFetch(u_tangent, ivec2(vec2(cell) * to_tangent), 0).xy;
                heading = dot(next, heading) < 0.0 ? -next : next;
            }
        }
    }
    color /= total;
    // The mean of many noise values huddles around one half; spread it again.
    o_color = vec4(color.rgb, clamp(0.5 + 1.9 * (color.a - 0.5), 0.0, 1.0));
}
