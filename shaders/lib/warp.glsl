// Ways to bend the view. Places are centred, y downwards, one unit per screen height.
#include "common.glsl"

mat2 turning(float angle) {
    float c = cos(angle), s = sin(angle);
    return mat2(c, s, -s, c);
}

// Where on a picture of this aspect a place lies; beyond its rim it goes on mirrored.
vec2 on_picture(vec2 place, float aspect) {
    return mirrored(place / vec2(aspect, 1.0) + 0.5);
}

// Walls at 60 degrees: every place of the plane in the one wedge that they repeat.
vec2 hexagons(vec2 p) {
    const vec2 size = vec2(1.0, 1.7320508);
    vec2 a = p - size * floor(p / size + 0.5);
    vec2 q = p - 0.5 * size;
    vec2 b = q - size * floor(q / size + 0.5);
    p = abs(dot(a, a) < dot(b, b) ? a : b);
    p -= 2.0 * max(dot(p, vec2(-0.8660254, 0.5)), 0.0) * vec2(-0.8660254, 0.5);
    return p - 2.0 * max(dot(p, vec2(-0.5, 0.8660254)), 0.0) * vec2(-0.5, 0.8660254);
}

vec2 squares(vec2 p) {
    return abs(p - floor(p + 0.5));
}

vec2 triangles(vec2 p) {
    p = squares(p);
    return p.x < p.y ? p.yx : p;
}

// A picture within itself: logarithmic spiral with so many arms (Lenstra and de Smit 2003 on Escher's Print Gallery).
// One round inwards shrinks it by `ratio`; fallen: rounds.
vec2 droste(vec2 p, float ratio, float arms, float fallen) {
    float period = log(ratio);
    vec2 z = vec2(log(max(length(p), 1e-4)), atan(p.y, p.x));
    float along = z.x / period - fallen + arms * z.y / TAU;
    along -= floor(along);
    // There and back again, so that no seam shows.
    float radius = 0.7 * exp(-period * abs(2.0 * along - 1.0));
    return radius * vec2(cos(z.y), sin(z.y));
}
