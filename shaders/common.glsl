// Shared by the passes. All internal textures have row 0 at the top of the picture; `view` coordinates are centred,
// y downwards, one unit per screen height.

const float TAU = 6.28318530718;
const vec3 LUMA = vec3(0.2126, 0.7152, 0.0722);

float luma(vec3 c) {
    return dot(c, LUMA);
}

// Hashes without sine: the same on every GPU.
float hash12(vec2 p) {
    vec3 q = fract(p.xyx * 0.1031);
    q += dot(q, q.yzx + 33.33);
    return fract((q.x + q.y) * q.z);
}

vec2 hash22(vec2 p) {
    vec3 q = fract(p.xyx * vec3(0.1031, 0.1030, 0.0973));
    q += dot(q, q.yzx + 33.33);
    return fract((q.xx + q.yz) * q.zy);
}

// Repeat with every other tile mirrored, so that a picture without seams fills the plane.
vec2 mirrored(vec2 uv) {
    return abs(uv - 2.0 * floor(uv * 0.5 + 0.5));
}
