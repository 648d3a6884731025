// Scene: fold the bent view, cut it into facets, look up the painting, and lay it over what stays of the last frame.
// Set by the engine: FOLD and FACET (index of the choice), BLEND (index of the trail blend).
#include "common.glsl"

noperspective in vec2 v_uv;
noperspective in vec2 v_place;
noperspective in vec2 v_trail;
uniform sampler2D u_flow;
uniform sampler2D u_painting;
uniform sampler2D u_last;
uniform float u_aspect;
uniform mat2 u_turn;       // rotation and zoom of the view
uniform vec2 u_pan;        // in painting widths
uniform float u_segments;
uniform float u_fold_turn; // radians
uniform float u_facet;     // size in screen heights
uniform float u_fall;      // how far the reeds have run before the turn, screen heights
uniform vec2 u_run;        // and after it, 0 .. RUN
uniform vec2 u_run_rounds; // whole rounds of RUN before u_run
uniform float u_keep;      // share of the last frame that stays
uniform float u_carry;     // share of the flow that moves the trail
uniform float u_lines;     // -1 ink .. 1 glow
out vec4 o_color;

vec2 folded(vec2 p) {
#if FOLD == 1
    p.x = abs(p.x);
#elif FOLD == 2
    p = abs(p);
#elif FOLD == 3
    float wedge = TAU / u_segments;
    float angle = atan(p.y, p.x) + u_fold_turn;
    angle = abs(mod(angle, wedge) - 0.5 * wedge);
    p = length(p) * vec2(cos(angle), sin(angle));
#endif
    return p;
}

const float RUN = 1024.0;  // as in the engine

// Moves p towards the middle of its cell; shade is the light on the cell, run what it adds to the place in the painting.
vec2 faceted(vec2 p, out float shade, out vec2 run) {
    shade = 1.0;
    run = vec2(0.0);
#if FACET == 1
    vec2 q = p / u_facet;
    vec2 cell = floor(q);
    float nearest = 9.0, second = 9.0;
    vec2 middle = q;
    for (int y = -1; y <= 1; y++) {
        for (int x = -1; x <= 1; x++) {
            vec2 point = cell + vec2(x, y);
            point += 0.1 + 0.8 * hash22(point);
            vec2 to = point - q;
            float d = dot(to, to);
            second = min(second, max(d, nearest));
            middle = d < nearest ? point : middle;
            nearest = min(nearest, d);
        }
    }
    float rim = sqrt(second) - sqrt(nearest);
    shade = (0.82 + 0.36 * hash12(floor(middle) + 5.0)) * mix(0.10, 1.0, smoothstep(0.03, 0.10, rim));
    shade += 0.22 * smoothstep(0.24, 0.10, rim) * smoothstep(0.08, 0.14, rim) * (0.5 + 0.5 * sign(q.y - middle.y));
    p = (middle + 0.45 * (q - middle)) * u_facet;
#elif FACET == 2
    vec2 q = p / u_facet;
    vec2 cell = floor(q), f = q - cell - 0.5;
    vec2 off = hash22(cell) - 0.5;
    float rim = 0.5 - max(abs(f.x), abs(f.y));
    shade = (0.9 + 0.2 * off.x) * mix(0.25, 1.0, smoothstep(0.015, 0.06, rim));
    shade *= 1.0 + 0.5 * (off.x * f.x + off.y * f.y);
    p = (cell + 0.5 + 0.3 * f + 0.5 * off) * u_facet;
#elif FACET == 3
    float q = p.x / (0.35 * u_facet);
    float cell = floor(q), f = q - cell - 0.5;
    float pace = 0.4 + 1.2 * hash12(vec2(cell, 3.0));
    shade = 1.12 - 1.6 * f * f;
    p = vec2((cell + 0.5 + 1.6 * f * abs(f)) * 0.35 * u_facet, p.y - u_fall * pace);
    // The painting repeats after two of its widths, so whole ones of the rounds are left out.
    run = -u_run * pace / u_aspect - 2.0 * fract(u_run_rounds * fract(0.5 * RUN * pace / u_aspect));
#endif
    return p;
}

void main() {
    vec3 flow = texture(u_flow, v_uv).xyz;
    float shade;
    vec2 run;
    vec2 p = faceted(folded(v_place + flow.xy), shade, run);
    vec2 uv = 0.5 + (u_turn * p) / u_aspect + u_pan + run;
    // The outermost rim of a generated picture is its weakest part.
    vec4 paint = texture(u_painting, 0.04 + 0.92 * mirrored(uv));
    vec3 color = paint.rgb * shade;
    color *= 1.0 + min(u_lines, 0.0) * 0.85 * paint.a;
    color = mix(color, color * mix(0.2, 1.8, paint.a) + 0.12 * paint.a, max(u_lines, 0.0));
    color += flow.z * (0.10 + 0.35 * color);
    vec3 last = texture(u_last, v_trail + flow.xy * u_carry).rgb;
#if BLEND == 1
    color = max(color, last * u_keep);
#elif BLEND == 2
    color = 1.0 - max(1.0 - color, (1.0 - last) * u_keep);
#else
    color = mix(color, last, u_keep);
#endif
    o_color = vec4(clamp(color, 0.0, 4.0), 1.0);
}
