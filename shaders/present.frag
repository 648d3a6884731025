// The finished frame on a window, whose row 0 is at the bottom.
noperspective in vec2 v_uv;
uniform sampler2D u_frame;
out vec4 o_color;

void main() {
    o_color = vec4(texture(u_frame, vec2(v_uv.x, 1.0 - v_uv.y)).rgb, 1.0);
}
