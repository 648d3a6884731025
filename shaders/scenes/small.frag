// A picture at a much smaller size, without the twinkle of leaving pixels out.
uniform sampler2D u_picture;
noperspective in vec2 v_uv;
out vec4 o_color;

void main() {
    vec2 pixel = 0.25 * vec2(dFdx(v_uv.x), dFdy(v_uv.y));
    o_color = 0.25 * (texture(u_picture, v_uv + pixel) + texture(u_picture, v_uv - pixel)
        + texture(u_picture, v_uv + pixel * vec2(1.0, -1.0)) + texture(u_picture, v_uv - pixel * vec2(1.0, -1.0)));
}
