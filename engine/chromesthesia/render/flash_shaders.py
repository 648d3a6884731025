"""The four passes of the flash limiter; see `flash_limiter` for what they do together."""

from __future__ import annotations

COLUMNS, ROWS = 60, 36
"""Points of the picture that are watched, once for general and once for red flashes."""
STEPS = 6
"""The picture in widths or heights of half a field; a field begins at each step but the last."""
FIELDS = STEPS - 1
HOLD_VERTICES = STEPS * STEPS * 6

_HEAD = f"""#version 330 core
const int COLUMNS = {COLUMNS}, ROWS = {ROWS}, STEPS = {STEPS}, FIELDS = {FIELDS};
const float SECOND = 0.995;    // a flash exactly every third of a second is allowed
const float LONG_AGO = 9.0;
"""

# Ages of turns: a.y the newest, then b, a.z the fourth, a.w the seventh. a.x: heading, 0 before the first frame.
_AGES = """
void age(inout vec4 a, inout vec4 b, float dt) {
    a.yzw = min(a.yzw + dt, LONG_AGO);
    b = min(b + dt, LONG_AGO);
}

void turn(inout vec4 a, inout vec4 b) {
    a.w = b.w;
    b.w = b.z;
    b.z = a.z;
    a.z = b.y;
    b.y = b.x;
    b.x = a.y;
    a.y = 0.0;
    a.x = -a.x;
}
"""

WATCH = (
    _HEAD
    + _AGES
    + """
const float GENERAL = 0.088, DARKER = 0.81;   // a little stricter than the definition
const float RED = 0.054, RED_SHARE = 0.78;
uniform sampler2D u_frame, u_a, u_b, u_c;
uniform float u_dt;
layout(location = 0) out vec4 o_a;
layout(location = 1) out vec4 o_b;
layout(location = 2) out vec4 o_c;  // extreme, level of the newest turn, whether each was a saturated red

vec2 hash22(vec2 p) {
    vec3 q = fract(p.xyx * vec3(0.1031, 0.1030, 0.0973));
    q += dot(q, q.yzx + 33.33);
    return fract((q.xx + q.yz) * q.zy);
}

// Linear light of sRGB, to within 0.002.
vec3 linear(ivec2 at) {
    vec3 c = texelFetch(u_frame, at, 0).rgb;
    return c * (c * (c * 0.305306011 + 0.682171111) + 0.012522878);
}

void main() {
    ivec2 at = ivec2(gl_FragCoord.xy);
    bool red = at.x >= COLUMNS;
    vec2 cell = vec2(red ? at.x - COLUMNS : at.x, at.y);
    ivec2 size = textureSize(u_frame, 0);
    // No regular pattern lies between points that lie irregularly.
    ivec2 near = min(ivec2((cell + hash22(cell)) / vec2(COLUMNS, ROWS) * vec2(size)), size - 1);
    // What is finer than a tenth of a degree does not count.
    ivec2 far = min(near + size.x / 600, size - 1);
    vec3 c = 0.25 * (linear(near) + linear(ivec2(far.x, near.y)) + linear(ivec2(near.x, far.y)) + linear(far));
    float total = c.r + c.g + c.b;
    bool saturated = red && total > 0.0 && c.r >= RED_SHARE * total;
    float now = red ? max(2.0 * c.r - total, 0.0) : dot(c, vec3(0.2126, 0.7152, 0.0722));
    float change = red ? RED : GENERAL;

    vec4 a = texelFetch(u_a, at, 0), b = texelFetch(u_b, at, 0), c0 = texelFetch(u_c, at, 0);
    if (a.x == 0.0) {
        a = vec4(1.0, LONG_AGO, LONG_AGO, LONG_AGO);
        b = vec4(LONG_AGO);
        c0 = vec4(now, now, saturated, saturated);
    }
    age(a, b, u_dt);
    bool onward = (now - c0.x) * a.x >= 0.0;
    bool back_counts = red ? (saturated || c0.z > 0.5) : min(now, c0.x) < DARKER;
    bool on_counts = red ? (saturated || c0.w > 0.5) : min(now, c0.y) < DARKER;
    bool turned = !onward && abs(now - c0.x) >= change && back_counts;
    bool further = onward && (now - c0.y) * a.x >= change && on_counts;
    if (turned) {
        turn(a, b);
    } else if (further) {
        a.y = 0.0;
    }
    if (turned || onward) {
        c0.xz = vec2(now, saturated);
    }
    if (turned || further) {
        c0.yw = vec2(now, saturated);
    }
    o_a = a;
    o_b = b;
    o_c = c0;
}
"""
)

JUDGE = (
    _HEAD
    + _AGES
    + """
const int WIDE = 2 * COLUMNS / STEPS, HIGH = 2 * ROWS / STEPS;
const float AREA = 0.10 * float(WIDE * HIGH);  // the definition allows 0.25
const float TOGETHER = 0.05;
const float RELEASE = 1.0;
uniform sampler2D u_points, u_a, u_b, u_hold;
uniform float u_dt;
layout(location = 0) out vec4 o_a;
layout(location = 1) out vec4 o_b;
layout(location = 2) out vec4 o_hold;  // x: 1 hold, falling to 0 while it lets go, and on to -1 while on guard

void main() {
    ivec2 at = ivec2(gl_FragCoord.xy);
    ivec2 first = ivec2(at.x % FIELDS * WIDE / 2 + at.x / FIELDS * COLUMNS, at.y * HIGH / 2);
    float seven = 0.0, four = 0.0, up = 0.0, down = 0.0;
    for (int y = 0; y < HIGH; y++) {
        for (int x = 0; x < WIDE; x++) {
            vec4 point = texelFetch(u_points, first + ivec2(x, y), 0);
            seven += float(point.w < SECOND);
            four += float(point.z < SECOND);
            float fresh = float(point.y < TOGETHER);
            up += point.x > 0.0 ? fresh : 0.0;
            down += point.x < 0.0 ? fresh : 0.0;
        }
    }
    vec4 a = texelFetch(u_a, at, 0), b = texelFetch(u_b, at, 0);
    float hold = texelFetch(u_hold, at, 0).x;
    if (a.x == 0.0) {
        a = vec4(1.0, LONG_AGO, LONG_AGO, LONG_AGO);
        b = vec4(LONG_AGO);
    }
    age(a, b, u_dt);
    bool opposing = (a.x > 0.0 ? down : up) > AREA;
    bool along = (a.x > 0.0 ? up : down) > AREA;
    // A jump of a bright patch is both; while it lasts it is one turn.
    if (opposing && (!along || a.y >= TOGETHER)) {
        turn(a, b);
    } else if (along && !opposing) {
        a.y = 0.0;
    }
    bool many = seven > AREA || a.w < SECOND;
    bool some = four > AREA || a.z < SECOND;
    hold = many || (some && hold > -1.0) ? 1.0 : max(hold - u_dt / RELEASE, -1.0);
    o_a = a;
    o_b = b;
    o_hold = vec4(hold, 0.0, 0.0, 1.0);
}
"""
)

HOLD_VERTEX = (
    _HEAD
    + """
uniform sampler2D u_fields, u_fields_last;
uniform int u_fresh;         // 1: nothing is held yet at this size
flat out vec4 v_corners;     // how far the picture is held, at the corners of the tile
flat out float v_held;       // 1: so it was in the last frame
noperspective out vec2 v_at; // 0..1 in the tile

// The largest hold of all fields that touch each corner: inside a field all of it is held, outside less and less.
vec4 corners(sampler2D fields, ivec2 tile) {
    vec4 found = vec4(0.0);
    for (int y = max(tile.y - 2, 0); y <= min(tile.y + 1, FIELDS - 1); y++) {
        for (int x = max(tile.x - 2, 0); x <= min(tile.x + 1, FIELDS - 1); x++) {
            float hold = max(texelFetch(fields, ivec2(x, y), 0).x, texelFetch(fields, ivec2(x + FIELDS, y), 0).x);
            vec2 across = vec2(x <= tile.x, x >= tile.x - 1);
            vec2 along = vec2(y <= tile.y, y >= tile.y - 1);
            found = max(found, hold * across.xyxy * along.xxyy);
        }
    }
    return found;
}

void main() {
    int number = gl_VertexID / 6, vertex = gl_VertexID % 6;
    ivec2 tile = ivec2(number % STEPS, number / STEPS);
    v_at = vec2(vertex == 1 || vertex >= 4, vertex == 2 || vertex == 3 || vertex == 5);
    v_corners = corners(u_fields, tile);
    vec4 last = corners(u_fields_last, tile);
    v_held = u_fresh == 0 && max(max(last.x, last.y), max(last.z, last.w)) > 0.0 ? 1.0 : 0.0;
    bool holds = max(max(v_corners.x, v_corners.y), max(v_corners.z, v_corners.w)) > 0.0;
    // A tile that is not held is nowhere, and costs nothing.
    gl_Position = holds ? vec4((vec2(tile) + v_at) * (2.0 / float(STEPS)) - 1.0, 0.0, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
}
"""
)

_HELD = (
    _HEAD
    + """
flat in vec4 v_corners;
flat in float v_held;
noperspective in vec2 v_at;

float held() {
    return mix(mix(v_corners.x, v_corners.y, v_at.x), mix(v_corners.z, v_corners.w, v_at.x), v_at.y);
}
"""
)

HOLD = (
    _HELD
    + """
const float SLOW = 4.0;  // seconds: no picture whatsoever flashes more than twice a second through this
uniform sampler2D u_frame, u_last, u_held;
uniform float u_dt;
out vec4 o_color;

void main() {
    ivec2 at = ivec2(gl_FragCoord.xy);
    float hold = held();
    float keep = hold > 0.001 ? exp(-u_dt / (SLOW * hold * hold)) : 0.0;
    vec3 before = v_held > 0.5 ? texelFetch(u_held, at, 0).rgb : texelFetch(u_last, at, 0).rgb;
    o_color = vec4(mix(texelFetch(u_frame, at, 0).rgb, before, keep), 1.0);
}
"""
)

PUT = (
    _HELD
    + """
uniform sampler2D u_held;
out vec4 o_color;

void main() {
    // What is held has more than eight bits; a still pattern keeps slow shades free of bands.
    vec3 q = fract(gl_FragCoord.xyx * 0.1031);
    q += dot(q, q.yzx + 33.33);
    float dither = fract((q.x + q.y) * q.z) - 0.5;
    o_color = vec4(texelFetch(u_held, ivec2(gl_FragCoord.xy), 0).rgb + 0.998 * dither / 255.0, 1.0);
}
"""
)
