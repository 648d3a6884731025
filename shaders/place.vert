// One triangle that covers the target, with the place on the screen.
uniform float u_aspect;
noperspective out vec2 v_uv;
noperspective out vec2 v_place;  // centred, screen heights

void main() {
    v_uv = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
    v_place = (v_uv - 0.5) * vec2(u_aspect, 1.0);
    gl_Position = vec4(v_uv * 2.0 - 1.0, 0.0, 1.0);
}
