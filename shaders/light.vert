// One triangle that covers the target; what the meters found is read once.
uniform sampler2D u_meter;
uniform sampler2D u_levels;
uniform float u_aspect;
noperspective out vec2 v_uv;
noperspective out vec2 v_place;  // centred, screen heights
flat out vec4 v_meter;
flat out vec2 v_levels;

void main() {
    v_uv = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
    v_place = (v_uv - 0.5) * vec2(u_aspect, 1.0);
    v_meter = texelFetch(u_meter, ivec2(0), 0);
    v_levels = texelFetch(u_levels, ivec2(0), 0).xy;
    gl_Position = vec4(v_uv * 2.0 - 1.0, 0.0, 1.0);
}
