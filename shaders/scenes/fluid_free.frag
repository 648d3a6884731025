// Fluid 4: take the slope of the pressure out of the velocity.
uniform sampler2D u_velocity;
uniform sampler2D u_pressure;
out vec4 o_velocity;

float p(ivec2 cell) {
    return texelFetch(u_pressure, clamp(cell, ivec2(0), textureSize(u_pressure, 0) - 1), 0).x;
}

void main() {
    ivec2 c = ivec2(gl_FragCoord.xy);
    vec2 slope = 0.5 * vec2(p(c + ivec2(1, 0)) - p(c - ivec2(1, 0)), p(c + ivec2(0, 1)) - p(c - ivec2(0, 1)));
    o_velocity = vec4(texelFetch(u_velocity, c, 0).xy - slope, 0.0, 1.0);
}
