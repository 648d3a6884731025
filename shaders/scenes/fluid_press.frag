// Fluid 3: a step of Jacobi's towards the pressure that leaves no source and no sink. x of u_pressure: as it was before.
uniform sampler2D u_velocity;
uniform sampler2D u_pressure;
out vec4 o_pressure;

vec2 v(ivec2 cell) {
    return texelFetch(u_velocity, clamp(cell, ivec2(0), textureSize(u_velocity, 0) - 1), 0).xy;
}

float p(ivec2 cell) {
    return texelFetch(u_pressure, clamp(cell, ivec2(0), textureSize(u_pressure, 0) - 1), 0).x;
}

void main() {
    ivec2 c = ivec2(gl_FragCoord.xy);
    const ivec2 right = ivec2(1, 0), down = ivec2(0, 1);
    float source = 0.5 * (v(c + right).x - v(c - right).x + v(c + down).y - v(c - down).y);
    o_pressure = vec4(0.25 * (p(c + right) + p(c - right) + p(c + down) + p(c - down) - source), 0.0, 0.0, 1.0);
}
