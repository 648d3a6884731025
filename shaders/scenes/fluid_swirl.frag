// Fluid 2: give back the small whirls that carrying blurs (vorticity confinement, Fedkiw 2001).
uniform sampler2D u_velocity;
uniform float u_swirl;
uniform float u_dt;
out vec4 o_velocity;

vec2 at(ivec2 cell) {
    return texelFetch(u_velocity, clamp(cell, ivec2(0), textureSize(u_velocity, 0) - 1), 0).xy;
}

float curl(ivec2 c) {
    return at(c + ivec2(1, 0)).y - at(c - ivec2(1, 0)).y - at(c + ivec2(0, 1)).x + at(c - ivec2(0, 1)).x;
}

void main() {
    ivec2 c = ivec2(gl_FragCoord.xy);
    float here = curl(c);
    vec2 up = vec2(abs(curl(c + ivec2(1, 0))) - abs(curl(c - ivec2(1, 0))), abs(curl(c + ivec2(0, 1))) - abs(curl(c - ivec2(0, 1))));
    up /= length(up) + 1e-4;
    vec2 v = at(c) + vec2(up.y, -up.x) * here * u_swirl * 14.0 * u_dt;
    o_velocity = vec4(v, 0.0, 1.0);
}
