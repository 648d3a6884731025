// A picture at another size.
uniform sampler2D u_picture;
noperspective in vec2 v_uv;
out vec4 o_color;

void main() {
    o_color = texture(u_picture, v_uv);
}
