// Scene: where on the screen we are, and where the trail of the last frame comes from.
uniform float u_aspect;
uniform vec2 u_slide;       // of the trail in this frame, screen heights
uniform mat2 u_trail_turn;  // rotation and zoom of the trail in this frame
noperspective out vec2 v_uv;
noperspective out vec2 v_place;  // centred, screen heights
noperspective out vec2 v_trail;  // centred, screen heights

void main() {
    v_uv = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
    v_place = (v_uv - 0.5) * vec2(u_aspect, 1.0);
    v_trail = (u_trail_turn * (v_place - u_slide)) / vec2(u_aspect, 1.0) + 0.5;
    gl_Position = vec4(v_uv * 2.0 - 1.0, 0.0, 1.0);
}
