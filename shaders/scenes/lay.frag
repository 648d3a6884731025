// Lay one picture over another.
uniform sampler2D u_picture;
uniform sampler2D u_over;
uniform float u_amount;
noperspective in vec2 v_uv;
out vec4 o_color;

void main() {
    o_color = vec4(mix(texture(u_picture, v_uv).rgb, texture(u_over, v_uv).rgb, u_amount), 1.0);
}
