"""The passes of the flash limiter; see `flash_limiter` for what they do together.

What is remembered of points and of fields lies in the same textures, the fields in the rows behind those of the points.
"""

from __future__ import annotations

COLUMNS, ROWS = 36, 24
"""Points of the picture that are watched, once for general and once for red flashes."""
SPAN = 4
"""A field in steps, each way."""
STEPS = 3 * SPAN
"""The picture in steps; a field begins at each that leaves it room."""
FIELDS = STEPS - SPAN + 1
TILES = STEPS * STEPS
_TILE = 64
"""What Mesa's software rasteriser gives one thread at a time, in pixels each way."""
POINTS_LEFT, FIELDS_LEFT = _TILE - COLUMNS, _TILE - FIELDS
"""Where points and fields begin: what is general and what is red lie to the left and right of such a tile's edge, so
that two threads share the work."""
WIDTH, HEIGHT = _TILE + COLUMNS, ROWS + FIELDS
"""Pixels of what is remembered."""
SECOND_MS = 1004
"""A second, its end included; a flash every third of one takes longer for eight turns."""

_HEAD = f"""#version 330 core
const int COLUMNS = {COLUMNS}, ROWS = {ROWS}, SPAN = {SPAN}, STEPS = {STEPS}, FIELDS = {FIELDS};
const int POINTS_LEFT = {POINTS_LEFT}, FIELDS_LEFT = {FIELDS_LEFT};
const vec2 SIZE = vec2({WIDTH}, {HEIGHT});
const int SECOND = {SECOND_MS}, TOGETHER = 50;  // milliseconds
"""

# Eight turns, newest first, as moments of a clock of whole milliseconds that goes round every 4096; two to a number.
_TURNS = """
const int LONG_AGO = 2000, ROUND = 4095;
uniform int u_now;

struct Ages {
    ivec4 a;
    ivec4 b;
};

Ages ages_of(vec4 stored) {
    ivec4 pairs = ivec4(stored);
    ivec4 low = min((u_now - (pairs & ROUND)) & ROUND, LONG_AGO);
    ivec4 high = min((u_now - (pairs >> 12)) & ROUND, LONG_AGO);
    return Ages(ivec4(low.x, high.x, low.y, high.y), ivec4(low.z, high.z, low.w, high.w));
}

vec4 stored_as(Ages ages) {
    ivec4 low = (u_now - ivec4(ages.a.x, ages.a.z, ages.b.x, ages.b.z)) & ROUND;
    ivec4 high = (u_now - ivec4(ages.a.y, ages.a.w, ages.b.y, ages.b.w)) & ROUND;
    return vec4(low | high << 12);
}

Ages turned(Ages ages) {
    return Ages(ivec4(0, ages.a.xyz), ivec4(ages.a.w, ages.b.xyz));
}

const Ages NEVER = Ages(ivec4(LONG_AGO), ivec4(LONG_AGO));
"""

CARRY = """#version 330 core
uniform sampler2D u_memory, u_ages, u_found, u_turning;
layout(location = 0) out vec4 o_memory;
layout(location = 1) out vec4 o_ages;
layout(location = 2) out vec4 o_found;
layout(location = 3) out vec2 o_now;

void main() {
    ivec2 at = ivec2(gl_FragCoord.xy);
    o_memory = texelFetch(u_memory, at, 0);
    o_ages = texelFetch(u_ages, at, 0);
    o_found = texelFetch(u_found, at, 0);
    o_now = texelFetch(u_turning, at, 0).rg;
}
"""

WATCH = (
    _HEAD
    + _TURNS
    + """
const float GENERAL = 0.096, DARKER = 0.805;  // a little stricter than the definition
const float RED = 0.059, RED_SHARE = 0.79;
uniform sampler2D u_frame, u_memory, u_ages;
uniform int u_few;                       // 1: five turns are told, not seven
uniform int u_room;                      // 1: one turn is kept free: eight are seven, and seven are six
layout(location = 0) out vec4 o_points;  // flags (0 before the first frame), extreme, level of the newest turn
layout(location = 1) out vec4 o_ages;
layout(location = 2) out vec4 o_found;   // eight turns in a second, seven or five, just rose, just fell: 0 or 1
layout(location = 3) out vec2 o_now;     // rose, fell in this very frame

vec2 hash22(vec2 p) {
    vec3 q = fract(p.xyx * vec3(0.1031, 0.1030, 0.0973));
    q += dot(q, q.yzx + 33.33);
    return fract((q.xx + q.yz) * q.zy);
}

void main() {
    ivec2 at = ivec2(gl_FragCoord.xy);
    int column = at.x - POINTS_LEFT;
    bool red = column >= COLUMNS;
    vec2 cell = vec2(red ? column - COLUMNS : column, at.y);
    vec2 size = vec2(textureSize(u_frame, 0));
    // No regular pattern lies between points that lie irregularly. What is finer than a tenth of a degree does not
    // count: in a large picture the corner of four pixels is their mean.
    vec2 place = floor((cell + hash22(cell)) / vec2(COLUMNS, ROWS) * size) + (size.x < 600.0 ? 0.5 : 1.0);
    vec3 c = texture(u_frame, place / size).rgb;
    c = c * (c * (c * 0.305306011 + 0.682171111) + 0.012522878);  // linear light of sRGB, to within 0.002
    float total = c.r + c.g + c.b;
    bool saturated = red && total > 0.0 && c.r >= RED_SHARE * total;
    float now = red ? max(2.0 * c.r - total, 0.0) : dot(c, vec3(0.2126, 0.7152, 0.0722));
    float change = red ? RED : GENERAL;

    vec4 point = texelFetch(u_memory, at, 0), stored = texelFetch(u_ages, at, 0);
    int flags = int(point.x);
    bool first = flags == 0;
    Ages ages = ages_of(stored);
    if (first) {
        flags = 2 | (saturated ? 12 : 0);
        point.yz = vec2(now);
        ages = NEVER;
    }
    float heading = (flags & 2) != 0 ? 1.0 : -1.0;
    bool onward = (now - point.y) * heading >= 0.0;
    bool back_counts = red ? saturated || (flags & 4) != 0 : min(now, point.y) < DARKER;
    bool on_counts = red ? saturated || (flags & 8) != 0 : min(now, point.z) < DARKER;
    bool back = !onward && abs(now - point.y) >= change && back_counts;
    bool further = onward && (now - point.z) * heading >= change && on_counts;
    if (back) {
        ages = turned(ages);
        flags ^= 2;
    }
    if (further) {
        ages.a.x = 0;
    }
    if (back || onward) {
        point.y = now;
        flags = saturated ? flags | 4 : flags & ~4;
    }
    if (back || further) {
        point.z = now;
        flags = saturated ? flags | 8 : flags & ~8;
    }
    o_points = vec4(flags | 1, point.yz, 0.0);
    o_ages = stored_as(ages);
    bool fresh = ages.a.x < TOGETHER, rose = (flags & 2) != 0;
    int many = u_room != 0 ? ages.b.z : ages.b.w;
    int some = u_few != 0 ? ages.b.x : u_room != 0 ? ages.b.y : ages.b.z;
    o_found = vec4(many < SECOND, some < SECOND, fresh && rose, fresh && !rose);
    o_now = vec2(ages.a.x == 0) * vec2(rose, !rose);
}
"""
)

JUDGE = (
    _HEAD
    + _TURNS
    + """
const int WIDE = COLUMNS / STEPS, HIGH = ROWS / STEPS;  // points of a step
const float CORNERS = float(SPAN * SPAN * WIDE * HIGH / 4);  // of four points of a field
// The definition allows 0.25, of which 0.19 lies in one of these fields at worst, and points are not areas.
const float AREA = 0.17, EVENT = 0.20, ALONE = 8.0;
const float RELEASE = 1.0;
uniform sampler2D u_memory, u_ages, u_found, u_turning;
uniform float u_dt;
uniform float u_first_hold;
uniform int u_room;
// x: falls from 2 to 1 while nothing moves, stays 1 while it flashes, falls to 0 while it lets go and to -1 while on
// guard; y: heading, 0 before the first frame; z: x of the last frame; w: 1 when nothing is held nor
// on guard and few points turned seven times, or five.
layout(location = 0) out vec4 o_fields;
layout(location = 1) out vec4 o_ages;
layout(location = 2) out vec4 o_found;
layout(location = 3) out vec2 o_now;

void main() {
    ivec2 here = ivec2(gl_FragCoord.xy), at = here - ivec2(FIELDS_LEFT, ROWS);
    vec4 field = texelFetch(u_memory, here, 0), stored = texelFetch(u_ages, here, 0);
    o_found = vec4(0.0);
    o_now = vec2(0.0);
    ivec2 first = ivec2(POINTS_LEFT + at.x % FIELDS * WIDE + at.x / FIELDS * COLUMNS, at.y * HIGH);
    // The corner of four points is their mean.
    vec4 found = vec4(0.0);
    for (int y = 1; y < SPAN * HIGH; y += 2) {
        for (int x = 1; x < SPAN * WIDE; x += 2) {
            found += texture(u_found, vec2(first + ivec2(x, y)) / SIZE);
        }
    }
    found /= CORNERS;
    // Of what rose or fell lately, that in this frame: hardly ever enough to be worth a look.
    vec2 turning = vec2(0.0);
    bool lively = max(found.z, found.w) > EVENT;
    for (int y = 1; y < (lively ? SPAN * HIGH : 0); y += 2) {
        for (int x = 1; x < SPAN * WIDE; x += 2) {
            turning += texture(u_turning, vec2(first + ivec2(x, y)) / SIZE).rg;
        }
    }
    turning /= CORNERS;
    Ages ages = ages_of(stored);
    if (field.y == 0.0) {
        field = vec4(u_first_hold, 1.0, 0.0, 0.0);
        ages = NEVER;
    }
    // What moves, rises here and falls there; what flashes does one or the other. A frame that does but one thing
    // counts at once, whatever the one before did: what is told when that is over has been shown.
    bool rose = found.z > EVENT && found.z > 2.0 * found.w || turning.x > EVENT && turning.x > ALONE * turning.y;
    bool fell = found.w > EVENT && found.w > 2.0 * found.z || turning.y > EVENT && turning.y > ALONE * turning.x;
    if (field.y > 0.0 ? fell : rose) {
        ages = turned(ages);
        field.y = -field.y;
    } else if ((rose || fell) && ages.a.x >= TOGETHER) {
        ages.a.x = 0;
    }
    bool many = found.x > AREA || (u_room != 0 ? ages.b.z : ages.b.w) < SECOND;
    bool some = found.y > AREA || (u_room != 0 ? ages.b.y : ages.b.z) < SECOND;
    field.z = field.x;
    // What is let go changes once more by itself, there and around: one turn less is left then, everywhere. Only a
    // field that is lively looks: an ordinary show has none, and this loop is half of the pass.
    bool strict = some && field.x < 0.7;
    float highest = -1.0;
    for (int y = 1; y <= (strict ? FIELDS : 0); y += 2) {
        for (int x = 1; x < 2 * FIELDS; x += 2) {
            highest = max(highest, texture(u_memory, vec2(FIELDS_LEFT + x, ROWS + y) / SIZE).x);
        }
    }
    if ((many && field.x <= 0.0) || (strict && highest > -0.999)) {
        field.x = 2.0;
    } else {
        field.x = max(field.x - u_dt / RELEASE, some && field.x > 0.0 ? 1.0 : -1.0);
    }
    field.w = float(found.y < 0.9 * AREA && ages.b.x >= SECOND && field.x < -0.9995);
    o_fields = field;
    o_ages = stored_as(ages);
}
"""
)

TILE_VERTEX = (
    _HEAD
    + """
uniform sampler2D u_memory;
uniform int u_fresh;     // 1: nothing is held yet at this size
flat out vec4 t_corners; // how far the picture is held, at the corners of the tile
flat out float t_held;   // 1: so it was in the last frame
flat out ivec2 t_tile;

// The largest hold of all fields that touch each corner: inside a field all of it is held, outside less and less.
// last: the largest of the last frame.
vec4 corners(ivec2 tile, out float last) {
    vec4 found = vec4(0.0);
    last = 0.0;
    for (int y = max(tile.y - SPAN, 0); y <= min(tile.y + 1, FIELDS - 1); y++) {
        for (int x = max(tile.x - SPAN, 0); x <= min(tile.x + 1, FIELDS - 1); x++) {
            ivec2 at = ivec2(FIELDS_LEFT + x, ROWS + y);
            vec4 field = max(texelFetch(u_memory, at, 0), texelFetch(u_memory, at + ivec2(FIELDS, 0), 0));
            last = max(last, field.z);
            vec2 across = vec2(x <= tile.x, x > tile.x - SPAN);
            vec2 along = vec2(y <= tile.y, y > tile.y - SPAN);
            found = max(found, field.x * across.xyxy * along.xxyy);
        }
    }
    return found;
}

void main() {
    t_tile = ivec2(gl_VertexID % STEPS, gl_VertexID / STEPS);
    float last;
    t_corners = corners(t_tile, last);
    t_held = u_fresh == 0 && last > 0.0 ? 1.0 : 0.0;
}
"""
)

TILE_GEOMETRY = (
    _HEAD
    + """
layout(points) in;
layout(triangle_strip, max_vertices = 4) out;
flat in vec4 t_corners[];
flat in float t_held[];
flat in ivec2 t_tile[];
flat out vec4 v_corners;
flat out float v_held;
noperspective out vec2 v_at; // 0..1 in the tile
noperspective out vec2 v_uv;

void main() {
    vec4 hold = t_corners[0];
    // A tile that is not held is not drawn, and costs nothing.
    if (max(max(hold.x, hold.y), max(hold.z, hold.w)) <= 0.0) {
        return;
    }
    for (int corner = 0; corner < 4; corner++) {
        v_corners = hold;
        v_held = t_held[0];
        v_at = vec2(corner & 1, corner >> 1);
        v_uv = (vec2(t_tile[0]) + v_at) / float(STEPS);
        gl_Position = vec4(v_uv * 2.0 - 1.0, 0.0, 1.0);
        EmitVertex();
    }
    EndPrimitive();
}
"""
)

_HELD = (
    _HEAD
    + """
flat in vec4 v_corners;
flat in float v_held;
noperspective in vec2 v_at;
noperspective in vec2 v_uv;

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
    float hold = held();
    float keep = hold > 0.001 ? exp(-u_dt / (SLOW * hold * hold)) : 0.0;
    // The first second: what is shown now may be the last change that is allowed.
    keep = mix(keep, 1.0, clamp(8.0 * (hold - 1.0), 0.0, 1.0));
    vec3 before = v_held > 0.5 ? texelFetch(u_held, ivec2(gl_FragCoord.xy), 0).rgb : texture(u_last, v_uv).rgb;
    o_color = vec4(mix(texture(u_frame, v_uv).rgb, before, keep), 1.0);
}
"""
)

PUT = (
    _HELD
    + """
uniform sampler2D u_held;
out vec4 o_color;

void main() {
    // What is held has more than eight bits; a still pattern (Jimenez 2014) keeps slow shades free of bands.
    float dither = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715)))) - 0.5;
    // What is shown must be what is held, or standing still would be a change. Only in its last moment, when it follows
    // at once and lacks nothing but the finest detail, is it faded out.
    o_color = vec4(texture(u_held, v_uv).rgb + 0.998 * dither / 255.0, min(20.0 * held(), 1.0));
}
"""
)
